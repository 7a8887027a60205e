"""``mpi messages``: every HL7 v2 message with its outcome, and dead letters mended and processed again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_facts, print_table, say
from mpi.errors import BadInput

if TYPE_CHECKING:
    from mpi.hl7v2.receiving import Replied
    from mpi.index import MessageAnswer, MessageContent

app = typer.Typer(
    help="HL7 v2 messages with their outcome; dead letters, mended and processed again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

MessageId = Annotated[int, typer.Argument(help="Its number, from `mpi messages list`.")]


@app.command("list")
def list_messages(
    dead: Annotated[bool, typer.Option("--dead", help="Only what was refused or failed for good.")] = False,
    outcome: Annotated[
        str | None, typer.Option(help="accepted, refused, failed or unanswered.", metavar="OUTCOME")
    ] = None,
    kind: Annotated[str | None, typer.Option("--type", help="ADT, or ADT^A40.")] = None,
    sender: Annotated[str | None, typer.Option(help="How MSH-3|MSH-4 begin, or a subscriber.")] = None,
    source: Annotated[str | None, typer.Option(help="The source it was taken for.")] = None,
    control_id: Annotated[str | None, typer.Option(help="MSH-10.")] = None,
    direction: Annotated[str | None, typer.Option(help="in: sent to us; out: sent to a subscriber.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Received at this time (UTC) or later."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Messages shown, at most.", min=1, max=1000)] = 50,
    cursor: Annotated[int | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List messages, newest first, without their content.

    \b
      mpi messages list --dead
      mpi messages list --type ADT^A40 --sender "EPIC|NORTH" --since 2026-01-31
    """
    from mpi.index import MessageFilter

    if outcome not in (None, "accepted", "refused", "failed", "unanswered"):
        raise BadInput("--outcome is accepted, refused, failed or unanswered", field="outcome")
    wanted = MessageFilter(
        dead=dead,
        direction=direction,
        outcome=outcome,
        sender=sender,
        source=source,
        control_id=control_id,
        message_type=kind,
        since=since.replace(tzinfo=UTC) if since else None,
    )
    with open_index() as index:
        page = index.messages.listed(wanted, actor=operator(), limit=limit, cursor=cursor)
    if as_json:
        items = [message._asdict() for message in page.items]
        print_json({"items": items, "next": page.next})
        return
    columns = ("message", "received", "", "sender", "type", "control ID", "answer", "times", "error")
    print_table(columns, [_row(message) for message in page.items])
    if page.next:
        note(f"and more: the same with --cursor {page.next}")


def _row(message: MessageAnswer) -> tuple[object, ...]:
    kind = "^".join(part for part in (message.message_type, message.trigger_event) if part)
    answer = message.acknowledgement or message.outcome
    error = " ".join(part for part in (message.error_code, message.error_text) if part)
    times = message.times if message.times > 1 else None
    return (
        str(message.message_id), message.received_at, message.direction, message.sender, kind,
        message.control_id, answer + (" (dead)" if message.dead else ""), times, error,
    )  # fmt: skip


@app.command()
def show(
    message_id: MessageId,
    raw: Annotated[bool, typer.Option("--raw", help="Only the message as it came, to mend it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one message: what is known of it, what came and what was answered. Patients' data, so audited.

    \b
      mpi messages show 1042
      mpi messages show 1042 --raw > mended.hl7
    """
    with open_index() as index:
        found = index.messages.message(message_id, actor=operator())
    if as_json:
        content = {"raw": _text(found.raw), "reply": _text(found.reply or b"")}
        print_json({**found.told._asdict(), **content})
    elif raw:
        typer.echo(_text(found.raw), nl=False)
    else:
        _tell(found)


def _tell(found: MessageContent) -> None:
    print_facts({name.replace("_", " "): value for name, value in found.told._asdict().items()})
    for title, content in (("message", found.raw), ("reply", found.reply)):
        if content:
            say(f"{title}:")
            for line in _text(content).splitlines():
                say(f"  {line}")
    if found.told.dead:
        number = found.told.message_id
        show = f"`mpi messages show {number} --raw > FILE`"
        note(f"{show}, mend FILE, `mpi messages replay {number} --edit FILE`")


def _text(content: bytes) -> str:
    """A message as text, a line per segment."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@app.command()
def replay(
    message_ids: Annotated[list[int], typer.Argument(help="Their numbers, from `mpi messages list`.")],
    edit: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="What to process in place of the one message."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Process messages again, as they came or mended; what is accepted is no dead letter any more.

    A mended message is a message of its own that says what it mends. One of ours is sent to its subscriber
    again. Exit code 1 when one was refused again.

    \b
      mpi messages replay 1042
      mpi messages replay 1042 --edit mended.hl7
    """
    from mpi.hl7v2 import Connection
    from mpi.hl7v2.delivering import send_again
    from mpi.hl7v2.receiving import receive

    if edit is not None and len(message_ids) != 1:
        raise BadInput("--edit mends one message: name one", field="edit")
    replies: dict[int, Replied] = {}
    with open_index() as index:
        connection = Connection(peer="replay", actor=operator())
        for message_id in message_ids:
            found = index.messages.message(message_id, actor=operator())
            if found.told.direction == "out":
                if edit is not None:
                    raise BadInput(f"message {message_id} is one of ours: it is sent as it is", field="edit")
                replies[message_id] = send_again(index, found)
                continue
            mended = (
                found.raw if edit is None else edit.read_bytes().replace(b"\r\n", b"\r").replace(b"\n", b"\r")
            )
            mends = None if mended == found.raw else message_id
            replies[message_id] = receive(index, mended, connection=connection, mends=mends)
    if as_json:
        print_json([_told(number, replied) for number, replied in replies.items()])
    else:
        for number, replied in replies.items():
            _tell_reply(number, replied)
    if any(replied.acknowledgement != "AA" for replied in replies.values()):
        raise typer.Exit(1)


@app.command()
def subscribers(as_json: JsonOption = False) -> None:
    """List the systems that are told over HL7 v2: how far behind each is, and what went wrong last.

    \b
      mpi messages subscribers
    """
    with open_index() as index:
        declared = index.messages.subscribers.declared()
    if as_json:
        print_json({"items": declared})
        return
    rows = [
        (
            one.name,
            f"{one.settings['host']}:{one.settings['port']}",
            "on" if one.settings["enabled"] else "off",
            one.behind,
            one.delivered_at,
            one.error,
            one.retry_at,
        )
        for one in declared
    ]
    columns = ("subscriber", "address", "", "events behind", "told last", "trouble", "tried again")
    print_table(columns, rows)


def _with_segment_ends(text: bytes) -> bytes:
    """What an editor wrote, with the segment ends of HL7."""
    return text.replace(b"\r\n", b"\r").replace(b"\n", b"\r")


def _told(number: int, replied: Replied) -> dict[str, object]:
    return {
        "replayed": number,
        "message_id": replied.message_id,
        "acknowledgement": replied.acknowledgement,
        "error_text": replied.error_text,
        "repeated": replied.repeated,
    }


def _tell_reply(number: int, replied: Replied) -> None:
    if replied.repeated:
        say(f"message {number}: was accepted before, nothing was done")
        return
    mended = "" if replied.message_id in (number, None) else f" as message {replied.message_id}"
    reason = f": {replied.error_text}" if replied.error_text else ""
    say(f"message {number}{mended}: {replied.acknowledgement}{reason}")
