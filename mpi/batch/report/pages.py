"""Pages from templates: one self-contained file, everything in it escaped and visible, for its owner only."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mpi.plots import evidence_bar, share_bar

#: A longer text is cut, and says so: an ID may be an essay.
_TEXT_MAX: Final = 160
#: The weight (log2) whose bar is full.
_BAR_WEIGHT: Final = 20.0


def visible(value: Any) -> Any:
    """A value for a page: nothing in it hides, reorders or ends the text around it.

    Markup, which only our own plots are, stays as it is.

    >>> visible("O\\u202eBrien\\x00"), visible(None), visible(["a", "b"])
    ('O⟨U+202E⟩Brien⟨U+0000⟩', '', 'a · b')
    """
    if isinstance(value, Markup | int | float):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " · ".join(str(visible(one)) for one in value)
    text = str(value)
    shown = "".join(c if c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in text[:_TEXT_MAX])
    return shown if len(text) <= _TEXT_MAX else f"{shown}… ({len(text)} characters)"


def render(template: str, **content: Any) -> str:
    """The page as text."""
    return _environment().get_template(template).render(**content)


def write_private(path: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only: it holds patients' data.

    Raises OSError where the folder cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mpi.batch.report"),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=lambda number: f"{number:,}",
        share=_share,
        weight=lambda weight: f"{weight:+.1f}".replace("-", "−"),
        words=lambda name: str(name).replace("_", " "),
        weight_bar=lambda weight: Markup(evidence_bar(weight, _BAR_WEIGHT)),
        share_bar=lambda share: Markup(share_bar(share)),
    )
    return environment


def _share(share: float) -> str:
    """A share in per cent, with as many digits as it needs near 0 and 1.

    >>> _share(0.5), _share(0.99987), _share(1.0), _share(0.9999999)
    ('50.0 %', '99.987 %', '100 %', '> 99.999 %')
    """
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    if not 0.00001 < share < 0.99999:
        return "< 0.001 %" if share < 0.5 else "> 99.999 %"
    return f"{100 * share:.{1 if 0.01 <= share <= 0.99 else 3}f} %"
