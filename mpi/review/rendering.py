"""Templates as pages: everything escaped, nothing inline, and an absent value is a mistake."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mpi.plots import scale_head, step_bar, total_bar
from mpi.review import words
from mpi.review.visible import shown
from mpi.review.waiting import span, waiting

#: What the desk serves as files, with their media types.
STATIC: Final = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "bulk.js": "text/javascript; charset=utf-8",
    "notices.js": "text/javascript; charset=utf-8",
    "queue.css": "text/css; charset=utf-8",
    "overview.js": "text/javascript; charset=utf-8",
    "uplot.min.js": "text/javascript; charset=utf-8",
    "uplot.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def static_file(name: str) -> bytes:
    """A file of the desk. Raises KeyError for what is not one."""
    if name not in STATIC:
        raise KeyError(name)
    return files("mpi.review").joinpath("static", name).read_bytes()


@cache
def static_url(name: str) -> str:
    """Its URL, which changes with its content, so that browsers may keep it for ever."""
    return f"/review/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


def render(template: str, **content: Any) -> str:
    """A page as text."""
    return _environment().get_template(template).render(now=datetime.now(UTC), **content)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mpi.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=shown,
        words=words.words,
        count=lambda number: f"{number:,}",
        bits=bits,
        percent=percent,
        moment=moment,
        step_bar=lambda row, scale: Markup(step_bar(row.start, row.weight, scale)),
        total_bar=lambda weight, scale: Markup(total_bar(weight, scale)),
        day=lambda at: moment(at)[:10],
        scale_head=lambda scale: Markup(scale_head(scale)),
    )
    environment.globals.update(
        static=static_url,
        waiting=waiting,
        span=span,
        KINDS=words.KINDS,
        KIND_MEANINGS=words.KIND_MEANINGS,
        VIEW_NAMES=words.VIEW_NAMES,
        VIEW_MEANINGS=words.VIEW_MEANINGS,
        ORDER_NAMES=words.ORDER_NAMES,
        RESOLUTIONS=words.RESOLUTIONS,
        KEYS=words.KEYS,
        GUARD_NAMES=words.GUARD_NAMES,
        FLAT_NAMES=words.FLAT_NAMES,
        READINGS=words.READINGS,
        REVIEWER_ROLES=words.REVIEWER_ROLES,
    )
    return environment


def bits(weight: float) -> str:
    """A weight (log2) with its sign.

    >>> bits(7.25), bits(-0.04)
    ('+7.2', '0.0')
    """
    text = f"{weight:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def percent(probability: float) -> str:
    """A probability, never rounded to a certainty.

    >>> percent(0.5), percent(0.99999), percent(1e-9)
    ('50.0 %', '> 99.9 %', '< 0.1 %')
    """
    if not 0.001 <= probability <= 0.999:
        return "< 0.1 %" if probability < 0.5 else "> 99.9 %"
    return f"{100 * probability:.1f} %"


def moment(at: datetime | str | None) -> str:
    """A moment in UTC, to the minute."""
    if at is None:
        return ""
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
