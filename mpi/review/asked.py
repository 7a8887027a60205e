"""What a page is asked and what it answers; HTTP itself, sessions and roles are the API's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from mpi.errors import BadInput
from mpi.index import Actor, Index
from mpi.review.rendering import render
from mpi.review.words import REVIEWER_ROLES

#: Who may undo merges.
LEADS: Final = frozenset({"steward", "steward+admin"})
BIGINT_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One admitted request. ``is_partial``: htmx asked, so that a fragment will do."""

    index: Index
    actor: Actor
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    csrf: str = ""
    is_partial: bool = False

    @property
    def is_lead(self) -> bool:
        """Whether the actor may undo merges."""
        return self.actor.role in LEADS

    def number(self, name: str) -> int:
        """A whole number of the path. Raises BadInput."""
        return _number(self.path[name], name)

    def form_number(self, name: str) -> int:
        """A whole number of the form. Raises BadInput."""
        return _number(self.form.get(name, ""), name)


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= BIGINT_MAX):
        raise BadInput(f"{name}: not a number of ours", field=name)
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A page or a part of one."""

    html: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


#: A page of the desk: everything it needs is in what it was asked.
Page = Callable[[Asked], Answer]


def page(asked: Asked, template: str, status: int = 200, **content: Any) -> Answer:
    """A template's answer; every template knows who is asking, every whole page what they answered last."""
    if "last" not in content:
        is_whole = not asked.is_partial and asked.actor.role in REVIEWER_ROLES
        content["last"] = asked.index.desk.last_answered(actor=asked.actor) if is_whole else None
    html = render(template, actor=asked.actor, csrf=asked.csrf, is_lead=asked.is_lead, **content)
    return Answer(html=html, status=status)


def go_on(asked: Asked, path: str, **query: str) -> Answer:
    """Go on to another page of the desk: swapped in where htmx asked, a redirect elsewhere."""
    url = f"{path}?{urlencode(query)}" if query else path
    if asked.is_partial:
        return Answer(status=200, headers={"HX-Redirect": url})
    return Answer(status=303, headers={"Location": url})
