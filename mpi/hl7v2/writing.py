"""Values to text: the other direction of ``message``, always with the standard delimiters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mpi.hl7v2.delimiters import STANDARD, escape

#: Text, or its subcomponents.
Component = str | Sequence[str]
#: Text, or its components.
Repeat = str | Sequence[Component]
#: Text, or its repeats.
Field = str | list[Repeat]


def write_segment(name: str, fields: Mapping[int, Field]) -> str:
    r"""A segment from its fields by number, without its CR; what is empty at the end of anything is left out.

    >>> write_segment("PID", {3: [("4711", "", "", ("NORTH", "1.2.3", "ISO"))], 5: [("O'Neil & Co", "Ann")]})
    "PID|||4711^^^NORTH&1.2.3&ISO||O'Neil \\T\\ Co^Ann"
    """
    written = [write_field(fields.get(number, "")) for number in range(1, max(fields, default=0) + 1)]
    return _joined([name, *written], STANDARD.field)


def write_field(value: Field) -> str:
    """One field with its repeats."""
    if isinstance(value, str):
        return escape(value)
    return _joined([write_repeat(repeat) for repeat in value], STANDARD.repeat)


def write_repeat(value: Repeat) -> str:
    """One repeat with its components."""
    if isinstance(value, str):
        return escape(value)
    return _joined([_component(part) for part in value], STANDARD.component)


def _component(value: Component) -> str:
    if isinstance(value, str):
        return escape(value)
    return _joined([escape(part) for part in value], STANDARD.subcomponent)


def _joined(parts: list[str], delimiter: str) -> str:
    while parts and not parts[-1]:
        parts.pop()
    return delimiter.join(parts)


def write_message(segments: Iterable[str]) -> str:
    """Segments with their CRs."""
    return "".join(f"{segment}\r" for segment in segments if segment)
