"""``mpi lookup``, ``mpi why`` and ``mpi how``: who is who, and for what reasons."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_facts, print_table, say
from mpi.errors import InvalidEnterpriseId, NotFound

if TYPE_CHECKING:
    from mpi.index import IdentityAnswer, Index, Page

#: An enterprise ID as it is shown; without dashes it could be a name or a telephone number as well.
_SHOWN_ID = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}", re.IGNORECASE | re.ASCII)
_BARE_ID = re.compile(r"[0-9A-Z]{10}", re.IGNORECASE | re.ASCII)
_FIELDS_SHOWN = ("given", "middle", "family", "suffix", "birth_date", "sex", "ssn", "phone", "city", "state")

Reference = Annotated[str, typer.Argument(help="An enterprise ID, or SOURCE/LOCAL_ID.")]


def lookup(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="An enterprise ID, SOURCE/LOCAL_ID, or what you know.")
    ],
    limit: Annotated[int, typer.Option(help="People found by text, at most.", min=1, max=100)] = 20,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="Who an enterprise ID was at this moment (UTC; a date means its end).",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look somebody up: by enterprise ID, by a source's own ID, or by name, birth date, telephone, SSN.

    An ID that was merged answers with its survivor. Text tolerates typing errors. Exit code 1: nobody found.
    With --json the answer is {"identity": …}, {"record": …, "identity": …}, {"people": […]} or {"then": …}.

    \b
      mpi lookup 7K3M-9QRT-2X
      mpi lookup 7K3M-9QRT-2X --at 2026-05-03
      mpi lookup north-ehr/1001
      mpi lookup "grace okonkwo 1974-02-11"
    """
    with open_index() as index:
        found: dict[str, Any]
        if at is not None:
            found = {"then": index.identity_at(reference, _moment(at), actor=operator())}
        else:
            found = _found(index, reference.strip(), limit)
    if as_json:
        print_json(found)
    elif "then" in found:
        _tell_then(found["then"])
    elif "people" in found:
        _tell_people(found["people"])
    else:
        _tell_identity(found["identity"])
    raise typer.Exit(1 if found.get("people") == () else 0)


def _moment(at: datetime) -> datetime:
    """A date stands for its last moment: who it was when that day had ended."""
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        at += timedelta(days=1, microseconds=-1)
    return at.replace(tzinfo=UTC)


def _tell_then(then: dict[str, Any]) -> None:
    facts = {"at": then["at"], "status": then["status"], "surviving": then["surviving_id"]}
    print_facts({**facts, **then["best_record"]}, title=then["enterprise_id"])
    rows = [(f"{r['source']}/{r['local_id']}", *(r.get(f) for f in _FIELDS_SHOWN)) for r in then["records"]]
    print_table(("record", *_FIELDS_SHOWN), rows)


def _found(index: Index, reference: str, limit: int) -> dict[str, Any]:
    actor = operator()
    if _SHOWN_ID.fullmatch(reference):
        return {"identity": index.identity(reference, actor=actor)}
    if _BARE_ID.fullmatch(reference):
        try:
            return {"identity": index.identity(reference, actor=actor)}
        except (InvalidEnterpriseId, NotFound):
            pass  # then it is text of ten letters or digits
    if "/" in reference:
        source, _, local_id = reference.partition("/")
        record = index.record(unquote(source), unquote(local_id), actor=actor)
        return {"record": record, "identity": index.identity(record.enterprise_id, actor=actor)}
    page: Page = index.search(reference, actor=actor, limit=limit)
    return {"people": page.items}


def _tell_people(people: tuple[dict[str, Any], ...]) -> None:
    if not people:
        note("nobody found")
        return
    rows = [
        (p["enterprise_id"], *(p["best_record"].get(field) for field in _FIELDS_SHOWN), p["record_count"])
        for p in people
    ]
    print_table(("enterprise ID", *_FIELDS_SHOWN, "records"), rows)


def _tell_identity(identity: IdentityAnswer) -> None:
    facts: dict[str, Any] = {"status": identity.status, "successors": identity.successors}
    if identity.surviving_id:
        note(f"{identity.requested_id} was merged into {identity.surviving_id}")
    print_facts({**facts, **identity.best_record}, title=identity.enterprise_id)
    rows = [
        (f"{r['source']}/{r['local_id']}", r["status"], *(r.get(field) for field in _FIELDS_SHOWN))
        for r in identity.records
    ]
    print_table(("record", "status", *_FIELDS_SHOWN), rows)
    note(f"`mpi how {identity.enterprise_id}` tells how it came to be")


def why(a: Reference, b: Reference, as_json: JsonOption = False) -> None:
    """Tell why two records or identities are, or are not, one person: the parts, and what they add up to.

    Of two identities, the best pair of records. "Never compared" means that they share no blocking key.

    \b
      mpi why north-ehr/1001 south-ehr/A-77
      mpi why 7K3M-9QRT-2X lab/L33
    """
    with open_index() as index:
        answer = index.why(a, b, actor=operator())
    if as_json:
        print_json(answer)
        return
    rows = [
        (p["field"], p.get("values"), p["level"], p["weight"], p.get("frequency")) for p in answer["fields"]
    ]
    print_table(
        ("field", "values", "level", "weight", "frequency"), rows, title=f"{answer['a']}  {answer['b']}"
    )
    say(
        f"{answer['decision']} ({answer['grade']}): weight {answer['weight']:.2f}, "
        f"probability {answer['probability']:.4f}, rule set {answer['rule_set']['name']}"
    )
    for guard in answer["guards"]:
        say(f"guard {guard['guard']}: {guard['effect']}, {guard['reason']}")
    shared = answer["shared_keys"]
    note(
        f"shared blocking keys: {', '.join(shared)}"
        if shared
        else "they share no blocking key: never compared"
    )


def how(
    enterprise_id: Annotated[str, typer.Argument(metavar="EUID", help="An enterprise ID, past or present.")],
    as_json: JsonOption = False,
) -> None:
    """Tell step by step how an identity came to be: records, links, merges, and who decided.

    \b
      mpi how 7K3M-9QRT-2X
    """
    with open_index() as index:
        answer = index.how(enterprise_id, actor=operator())
    if as_json:
        print_json(answer)
        return
    print_table(("at", "what happened"), [(step["at"][:19], step["text"]) for step in answer["steps"]])
