"""A message as segments, fields, repeats, components and subcomponents: read leniently, never changed.

Fields are kept as sent and divided when asked for: an index reads a tenth of what a message holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mpi.hl7v2.delimiters import STANDARD, Delimiters, delimiters_of, escape, unescape
from mpi.hl7v2.faults import Unparsable

#: More segments, fields or repeats than these are an attack or an accident, not a patient.
SEGMENTS_MAX, FIELDS_MAX, REPEATS_MAX = 10_000, 2_000, 500
_HEADS = ("MSH", "FHS", "BHS")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


class Value(NamedTuple):
    """One repeat of a field, as sent."""

    raw: str
    delimiters: Delimiters

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing but delimiters."""
        empty = self.delimiters.component + self.delimiters.subcomponent + " "
        return not self.raw or (self.raw[0] in empty and not self.raw.strip(empty))

    @property
    def components(self) -> list[str]:
        """The components as sent."""
        return self.raw.split(self.delimiters.component)

    def text(self, component: int = 1, subcomponent: int = 1) -> str:
        """The meant text of a component, counted from 1; ``""`` where there is none."""
        parts = self.raw.split(self.delimiters.component, component)
        if len(parts) < component:
            return ""
        part = parts[component - 1]
        if self.delimiters.subcomponent in part:
            pieces = part.split(self.delimiters.subcomponent)
            part = pieces[subcomponent - 1] if len(pieces) >= subcomponent else ""
        elif subcomponent > 1:
            return ""
        return unescape(part, self.delimiters).strip()

    def texts(self) -> list[str]:
        """The meant text of each component, of its first subcomponent where it has several."""
        mark, escape = self.delimiters.subcomponent, self.delimiters.escape
        parts = self.raw.split(self.delimiters.component)
        if mark in self.raw:
            parts = [part.split(mark, 1)[0] for part in parts]
        if escape in self.raw:
            parts = [unescape(part, self.delimiters) for part in parts]
        return [part.strip() for part in parts]


class Segment(NamedTuple):
    """A segment: ``fields[n]`` is field n as sent, ``fields[0]`` its name. MSH-1 is the separator itself."""

    fields: tuple[str, ...]
    delimiters: Delimiters

    @property
    def name(self) -> str:
        """PID, MRG, ZPD…"""
        return self.fields[0]

    def raw(self, field: int) -> str:
        """The field as sent, ``""`` where there is none."""
        return self.fields[field] if len(self.fields) > field else ""

    def repeats(self, field: int) -> list[Value]:
        """The repeats of a field that hold something."""
        raw = self.raw(field)
        if not raw:
            return []
        if self.delimiters.repeat not in raw:
            value = Value(raw, self.delimiters)
            return [] if value.is_empty else [value]
        values = (Value(part, self.delimiters) for part in raw.split(self.delimiters.repeat))
        return [value for value in values if not value.is_empty]

    def first(self, field: int) -> Value:
        """The first repeat, empty where there is none."""
        return Value(self.raw(field).split(self.delimiters.repeat, 1)[0], self.delimiters)

    def text(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """The meant text of the first repeat's component."""
        return self.first(field).text(component, subcomponent)

    def restated(self) -> Segment:
        """The same segment, written with the standard delimiters."""
        if self.delimiters == STANDARD:
            return self
        return Segment((self.fields[0], *(self._restated(field) for field in self.fields[1:])), STANDARD)

    def _restated(self, field: str) -> str:
        mine = self.delimiters
        return STANDARD.repeat.join(
            STANDARD.component.join(
                STANDARD.subcomponent.join(
                    escape(unescape(text, mine)) for text in part.split(mine.subcomponent)
                )
                for part in repeat.split(mine.component)
            )
            for repeat in field.split(mine.repeat)
        )


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A message as sent; the first segment is its MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def delimiters(self) -> Delimiters:
        """As MSH declares them."""
        return self.segments[0].delimiters

    def all(self, name: str) -> list[Segment]:
        """Every segment of this name, in order."""
        return [segment for segment in self.segments if segment.fields[0] == name]

    def first(self, name: str) -> Segment | None:
        """The first segment of this name."""
        return next((segment for segment in self.segments if segment.fields[0] == name), None)

    def __getitem__(self, path: str) -> str:
        """The text at ``PID-3``, ``PID-3.4``, ``PID-3(2).4.2`` or ``NK1(2)-2``; ``""`` where there is none.

        Raises KeyError on what is no path.
        """
        where = _path(path)
        segments = self.all(where.segment)
        if len(segments) < where.occurrence:
            return ""
        repeats = segments[where.occurrence - 1].raw(where.field).split(self.delimiters.repeat)
        if len(repeats) < where.repeat:
            return ""
        return Value(repeats[where.repeat - 1], self.delimiters).text(where.component, where.subcomponent)

    def __str__(self) -> str:
        """The message as it would be sent, each segment with its CR."""
        return "".join(f"{line}\r" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        separator = self.delimiters.field
        for segment in self.segments:
            if segment.name in _HEADS:
                yield segment.name + separator + separator.join(segment.fields[2:])
            else:
                yield separator.join(segment.fields)

    def __repr__(self) -> str:
        return f"Message({', '.join(segment.name for segment in self.segments[:10])})"


def parse(text: str) -> Message:
    """The message in ``text``, whatever its segment ends (CR, LF, CRLF), blank lines and unknown segments.

    A line that is no segment is the rest of the field before it, which held a line break. Raises Unparsable
    where the text does not begin with an MSH, begins a second one, or has more of anything than a message
    has.
    """
    lines = segment_lines(text)
    if not lines or lines[0][:3] != "MSH":
        raise Unparsable("a message begins with an MSH segment")
    if len(lines) > SEGMENTS_MAX:
        raise Unparsable(f"a message has at most {SEGMENTS_MAX} segments")
    delimiters = delimiters_of(_head(lines[0]))
    segments = [_segment(line, delimiters) for line in _whole(lines, delimiters.field)]
    if any(segment.fields[0] in _HEADS for segment in segments[1:]):
        raise Unparsable("more than one message in a frame")
    if text.count(delimiters.repeat) > REPEATS_MAX:
        _refuse_repeats(segments)
    return Message(tuple(segments))


def _whole(lines: list[str], separator: str) -> Iterator[str]:
    """The segments, each with the lines that are the rest of its last field."""
    parts: list[str] = []
    for line in lines:
        begins = (len(line) == 3 or line[3:4] == separator) and _NAME.fullmatch(line[:3])
        if begins and parts:
            yield "\n".join(parts)
            parts = []
        parts.append(line)
    yield "\n".join(parts)


def _segment(line: str, delimiters: Delimiters) -> Segment:
    fields = line.split(delimiters.field, FIELDS_MAX)
    if fields[0] in _HEADS:
        fields.insert(1, delimiters.field)
    return Segment(tuple(fields), delimiters)


def _refuse_repeats(segments: list[Segment]) -> None:
    for segment in segments:
        for number, field in enumerate(segment.fields):
            if field.count(segment.delimiters.repeat) > REPEATS_MAX:
                text = f"{segment.name}-{number} has more than {REPEATS_MAX} repeats"
                raise Unparsable(text, place=f"{segment.name}^1^{number}")


def segment_lines(text: str) -> list[str]:
    """The lines that are not blank, without a byte order mark and what frames a message."""
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    # NUL is no character of HL7, and none that the database could keep.
    text = text.replace("\0", "")
    lines = text.lstrip("\ufeff\x0b\r \t").rstrip("\x1c\r").split("\r")
    return [line for line in lines if line and not line.isspace()]


def _head(line: str) -> str:
    """``MSH|^~\\&``, without the fields that follow."""
    end = line.find(line[3:4], 4)
    return line if end < 0 else line[:end]


class _Path(NamedTuple):
    segment: str
    occurrence: int
    field: int
    repeat: int
    component: int
    subcomponent: int


_PATH = re.compile(r"([A-Z][A-Z0-9]{2})(?:\((\d+)\))?-(\d+)(?:\((\d+)\))?(?:\.(\d+))?(?:\.(\d+))?")


@lru_cache(maxsize=512)
def _path(path: str) -> _Path:
    found = _PATH.fullmatch(path)
    if found is None:
        raise KeyError(path)
    segment, *numbers = found.groups()
    occurrence, field, repeat, component, subcomponent = (int(number or 1) for number in numbers)
    return _Path(segment, occurrence, field, repeat, component, subcomponent)
