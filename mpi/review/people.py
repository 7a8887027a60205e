"""Finding a person, and everything about one: records, crosswalk, and the story with its ways back."""

from __future__ import annotations

import re

from mpi.errors import BadInput, InvalidEnterpriseId, NotFound
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.clusters import drawing, proposals
from mpi.review.fields import FLAT_ORDER, conflicts, sheet
from mpi.review.words import OVERRIDE_REASONS

SEARCH_MAX = 200
_ENTERPRISE_ID = re.compile(r"[0-9A-Za-z-]{1,20}", re.ASCII)


def show_search(asked: Asked) -> Answer:
    """The search box."""
    return page(asked, "search.html", wanted="", found=None, told="", merging="")


def search_people(asked: Asked) -> Answer:
    """People by name, identifier, date or phone. A POST, so that no name stands in a URL."""
    wanted = asked.form.get("q", "").strip()
    if len(wanted) > SEARCH_MAX:
        raise BadInput(f"q: at most {SEARCH_MAX} characters", field="q")
    found, told, merging = (), "", _merging(asked)
    if direct := _enterprise_id(asked, wanted):
        path = (
            f"/review/identities/{merging}/merge?with={direct}" if merging else f"/review/identities/{direct}"
        )
        return go_on(asked, path)
    try:
        found = asked.index.search(wanted, actor=asked.actor).items
    except BadInput as error:
        told = str(error)
    template = "_found.html" if asked.is_partial else "search.html"
    return page(asked, template, wanted=wanted, found=found, told=told, merging=merging)


def _merging(asked: Asked) -> str:
    """The person that somebody wants to merge with whom they search, if that is why they search."""
    merging = asked.form.get("merging", "")
    if merging and not _ENTERPRISE_ID.fullmatch(merging):
        raise BadInput("merging: not an enterprise ID", field="merging")
    return merging


def _enterprise_id(asked: Asked, wanted: str) -> str | None:
    """The enterprise ID that was typed, if it is one of ours."""
    if len(wanted) > 20:
        return None
    try:
        return asked.index.identity(wanted, actor=asked.actor).enterprise_id
    except (InvalidEnterpriseId, NotFound):
        return None


def show_identity(asked: Asked) -> Answer:
    """One identity: best record, members, what holds them together, crosswalk and timeline."""
    wanted, desk = asked.path["enterprise_id"], asked.index.desk
    identity = asked.index.identity(wanted, actor=asked.actor)
    cluster = desk.cluster(identity.enterprise_id, actor=asked.actor)
    around = desk.merges(identity.enterprise_id, actor=asked.actor)
    return page(
        asked,
        "identity.html",
        identity=identity,
        fields=[name for name in FLAT_ORDER if any(record.get(name) for record in identity.records)],
        timeline=desk.timeline(identity.enterprise_id, actor=asked.actor),
        tasks=around["tasks"],
        cluster=cluster,
        drawing=drawing(cluster) if cluster else None,
        proposals=proposals(cluster) if cluster else [],
    )


def show_merge(asked: Asked) -> Answer:
    """Two people beside each other and what merging them would do; a search box until there are two."""
    first, second = asked.path["enterprise_id"], asked.query.get("with", "")
    if not second:
        identity = asked.index.identity(first, actor=asked.actor)
        return page(asked, "merge.html", identity=identity, joining=None)
    joining = asked.index.desk.preview_joining(first, second, actor=asked.actor)
    return page(
        asked,
        "merge.html",
        joining=joining,
        case=joining.pair,
        sheet=sheet(joining.pair),
        guards=conflicts(joining.pair),
        reasons=OVERRIDE_REASONS,
    )


def merge(asked: Asked) -> Answer:
    """Merge the two, or have the merge wait for a second person, and show the survivor."""
    surviving, subsumed = asked.path["enterprise_id"], asked.form.get("subsumed", "")
    code, note = asked.form.get("reason", ""), asked.form.get("note", "").strip()
    if code not in [reason.code for reason in OVERRIDE_REASONS]:
        raise BadInput("choose a reason first", field="reason")
    if code == "other" and not note:
        raise BadInput("say in the note what the reason is", field="note")
    reason = f"{code}: {note}" if note else code
    asked.index.desk.join(surviving, subsumed, reason, actor=asked.actor)
    return go_on(asked, f"/review/identities/{surviving}")


def preview_unmerge(asked: Asked) -> Answer:
    """What undoing a merge would do, and the form that commits it."""
    preview = asked.index.desk.preview_unmerge(asked.number("merge_id"), actor=asked.actor)
    return page(asked, "_unmerge.html", preview=preview)


def unmerge(asked: Asked) -> Answer:
    """Undo a merge, and show who was restored."""
    merge_id = asked.number("merge_id")
    undone = asked.index.unmerge(merge_id, asked.form.get("reason", ""), actor=asked.actor)
    return go_on(asked, f"/review/identities/{undone.restored}")
