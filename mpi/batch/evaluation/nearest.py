"""Why pairs of one person were never compared: the blocking pass that was nearest, and what it lacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import EncodedRecords
from mpi.batch.evaluation.grouping import Pairs
from mpi.batch.shared_passes import DIFFERS, SHARED, States, part_states
from mpi.matching.rules import RuleSet
from mpi.matching.rules.model import BlockingPass

Texts = npt.NDArray[np.object_]

NO_KEY: Final = "no_shared_key"
TOO_MANY: Final = "block_capped"
_FAR: Final = -100
#: Said of a pair that agrees on no part of any narrow pass.
NOTHING: Final = "nothing in common"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverCompared:
    """Pairs (packed) of one person that were never compared, and of each why. Shapes [pairs]."""

    pairs: Pairs
    #: ``no_shared_key`` or ``block_capped``.
    reasons: Texts
    #: The pass that was nearest, those in which they share a key that too many have, or ``NOTHING``.
    nearest: Texts
    #: What that pass lacked: ``family_phonetic differs, birth_date missing``.
    lacking: Texts

    def told(self) -> list[str]:
        """Of each pair in one line."""
        return [
            f"{near}: {lacks}" if lacks else near
            for near, lacks in zip(self.nearest.tolist(), self.lacking.tolist(), strict=True)
        ]

    def counts(self) -> dict[tuple[str, str], int]:
        """(nearest, lacking) → how many pairs, in descending count."""
        found: dict[tuple[str, str], int] = {}
        for key in zip(self.nearest.tolist(), self.lacking.tolist(), strict=True):
            found[key] = found.get(key, 0) + 1
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def never_compared(records: EncodedRecords, pairs: Pairs, rules: RuleSet) -> NeverCompared:
    """Explains each of the pairs.

    Nearest is the narrow pass with the most parts shared less those that are not, the first of several: a
    broad one brings few together anyway.
    """
    states = part_states(records, pairs >> 32, pairs & 0xFFFFFFFF, rules)
    passes = rules.blocking_passes
    shared = np.array([_margin(states, one) == len(one.key) for one in passes]).reshape(len(passes), -1)
    too_many = shared.any(axis=0)
    nearest = np.full(len(pairs), NOTHING, dtype=object)
    lacking = np.full(len(pairs), "", dtype=object)
    narrow = [one for one in passes if not one.broad]
    if narrow:
        margins = np.array([_margin(states, one) for one in narrow])
        # A pass none of whose parts is shared is near nothing.
        margins[margins == -np.array([[len(one.key)] for one in narrow])] = _FAR
        best = np.where(margins.max(axis=0) > _FAR, margins.argmax(axis=0), -1)
        for number, one in enumerate(narrow):
            chosen = np.flatnonzero((best == number) & ~too_many)
            nearest[chosen] = one.name
            lacking[chosen] = _lacking(states, one, chosen)
    names = np.array([one.name for one in passes], dtype=object)
    for pair in np.flatnonzero(too_many).tolist():
        nearest[pair] = ", ".join(names[shared[:, pair]])
        lacking[pair] = "too many share it"
    return NeverCompared(
        pairs=pairs,
        reasons=np.where(too_many, TOO_MANY, NO_KEY).astype(object),
        nearest=nearest,
        lacking=lacking,
    )


def _margin(states: dict[str, States], one: BlockingPass) -> npt.NDArray[np.int8]:
    """Parts of the pass that are shared, less those that are not."""
    found: npt.NDArray[np.int8] = np.sum(
        [np.where(states[part] == SHARED, 1, -1) for part in one.key], axis=0, dtype=np.int8
    )
    return found


def _lacking(states: dict[str, States], one: BlockingPass, chosen: npt.NDArray[np.intp]) -> Texts:
    """What each of the chosen pairs lacks for a key of the pass."""
    texts = np.full(len(chosen), "", dtype=object)
    for part in one.key:
        state = states[part][chosen]
        said = np.where(state == DIFFERS, f"{part} differs", f"{part} missing").astype(object)
        said[state == SHARED] = ""
        texts = np.where((texts != "") & (said != ""), texts + ", " + said, texts + said)
    return texts
