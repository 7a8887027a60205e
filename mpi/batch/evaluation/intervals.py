"""How sure a share is that was counted in a sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: The normal distribution's quantile for 95 %.
_Z = 1.959963984540054


def wilson(
    successes: npt.ArrayLike, totals: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bounds of the 95 % interval of each share (Wilson 1927); 0 and 1 where nothing was counted."""
    hits, counts = np.asarray(successes, np.float64), np.asarray(totals, np.float64)
    n = np.maximum(counts, 1)
    share, correction = hits / n, _Z**2 / n
    middle = (share + correction / 2) / (1 + correction)
    half = _Z * np.sqrt(share * (1 - share) / n + correction / (4 * n)) / (1 + correction)
    low: npt.NDArray[np.float64] = np.where(hits > 0, np.maximum(middle - half, 0), 0.0)
    high: npt.NDArray[np.float64] = np.where(hits < counts, np.minimum(middle + half, 1), 1.0)
    return low, high
