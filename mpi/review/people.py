"""Finding a person, and everything about one: records, crosswalk, and the story with its ways back."""

from __future__ import annotations

from mpi.errors import BadInput, InvalidEnterpriseId, NotFound
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.fields import FLAT_ORDER

SEARCH_MAX = 200


def show_search(asked: Asked) -> Answer:
    """The search box."""
    return page(asked, "search.html", wanted="", found=None, told="")


def search_people(asked: Asked) -> Answer:
    """People by name, identifier, date or phone. A POST, so that no name stands in a URL."""
    wanted = asked.form.get("q", "").strip()
    if len(wanted) > SEARCH_MAX:
        raise BadInput(f"q: at most {SEARCH_MAX} characters", field="q")
    found, told = (), ""
    if direct := _enterprise_id(asked, wanted):
        return go_on(asked, f"/review/identities/{direct}")
    try:
        found = asked.index.search(wanted, actor=asked.actor).items
    except BadInput as error:
        told = str(error)
    template = "_found.html" if asked.is_partial else "search.html"
    return page(asked, template, wanted=wanted, found=found, told=told)


def _enterprise_id(asked: Asked, wanted: str) -> str | None:
    """The enterprise ID that was typed, if it is one of ours."""
    if len(wanted) > 20:
        return None
    try:
        return asked.index.identity(wanted, actor=asked.actor).enterprise_id
    except (InvalidEnterpriseId, NotFound):
        return None


def show_identity(asked: Asked) -> Answer:
    """One identity: best record, members, crosswalk, merges and the story."""
    wanted = asked.path["enterprise_id"]
    identity = asked.index.identity(wanted, actor=asked.actor)
    events = asked.index.history(identity.enterprise_id, actor=asked.actor)
    story = asked.index.how(identity.enterprise_id, actor=asked.actor)["steps"]
    around = asked.index.desk.merges(identity.enterprise_id, actor=asked.actor)
    steps = [
        {**step, "reason": event.data.get("reason"), "rules": event.data.get("rule_hash")}
        for step, event in zip(story, events, strict=True)
    ]
    return page(
        asked,
        "identity.html",
        identity=identity,
        fields=[name for name in FLAT_ORDER if any(record.get(name) for record in identity.records)],
        steps=steps,
        merges=around["merges"],
        tasks=around["tasks"],
    )


def preview_unmerge(asked: Asked) -> Answer:
    """What undoing a merge would do, and the form that commits it."""
    preview = asked.index.desk.preview_unmerge(asked.number("merge_id"), actor=asked.actor)
    return page(asked, "_unmerge.html", preview=preview)


def unmerge(asked: Asked) -> Answer:
    """Undo a merge, and show who was restored."""
    merge_id = asked.number("merge_id")
    undone = asked.index.unmerge(merge_id, asked.form.get("reason", ""), actor=asked.actor)
    return go_on(asked, f"/review/identities/{undone.restored}")
