"""Notes on a Patient, and the typed access to its elements that writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mpi.matching.flat import LIST_LENGTH_MAX, TEXT_LENGTH_MAX

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a Patient says that was not taken as it is. Never holds a patient's data."""

    severity: Severity
    #: FHIR issue-type: ``invalid``, ``value``, ``code-invalid``, ``structure``, ``required``,
    #: ``not-supported``, ``too-long``, ``informational``.
    code: str
    #: FHIRPath of the element: ``Patient.name[1].given[0]``.
    expression: str
    text: str


@dataclass(slots=True)
class Notes:
    """What was noted so far. Its methods read one element each and note what is wrong with it."""

    made: list[Note] = field(default_factory=list)

    def add(self, severity: Severity, code: str, expression: str, text: str) -> None:
        self.made.append(Note(severity=severity, code=code, expression=expression, text=text))

    def text(self, holder: Mapping[str, Any], key: str, path: str) -> str | None:
        """A string, trimmed of nothing; None where it is absent, blank, too long or no string."""
        return self._text(holder.get(key), f"{path}.{key}")

    def texts(self, holder: Mapping[str, Any], key: str, path: str) -> list[str]:
        """A list of strings; a single string counts as a list of one."""
        value = holder.get(key)
        if isinstance(value, str):
            self.add("error", "structure", f"{path}.{key}", "must be a list")
            value = [value]
        entries = self._list(value, f"{path}.{key}")
        found = (self._text(entry, f"{path}.{key}[{n}]") for n, entry in entries)
        return [text for text in found if text is not None]

    def objects(
        self, holder: Mapping[str, Any], key: str, path: str
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each object of a list with its path; a single object counts as a list of one."""
        value = holder.get(key)
        where = f"{path}.{key}"
        if isinstance(value, Mapping):
            self.add("error", "structure", where, "must be a list")
            value = [value]
        for n, entry in self._list(value, where):
            if isinstance(entry, Mapping):
                yield f"{where}[{n}]", entry
            else:
                self.add("error", "structure", f"{where}[{n}]", "must be an object")

    def object(self, holder: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any] | None:
        """An object, None where it is absent or none."""
        value: Any = holder.get(key)
        if value is None or isinstance(value, Mapping):
            return value
        self.add("error", "structure", f"{path}.{key}", "must be an object")
        return None

    def truth(self, holder: Mapping[str, Any], key: str, path: str) -> bool | None:
        """True or False; the words for them are taken, and noted."""
        value = holder.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.add("error", "structure", f"{path}.{key}", "must be true or false")
        word = value.strip().lower() if isinstance(value, str) else ""
        return word == "true" if word in ("true", "false") else None

    def _list(self, value: Any, where: str) -> list[tuple[int, Any]]:
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.add("error", "structure", where, "must be a list")
            return []
        if len(value) > LIST_LENGTH_MAX:
            self.add("warning", "too-long", where, f"only the first {LIST_LENGTH_MAX} entries are compared")
        return list(enumerate(value[:LIST_LENGTH_MAX]))

    def _text(self, value: Any, where: str) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self.add("error", "structure", where, "must be text")
            if isinstance(value, bool) or not isinstance(value, int | float):
                return None
            return str(value)
        if len(value) > TEXT_LENGTH_MAX:
            self.add("warning", "too-long", where, f"longer than {TEXT_LENGTH_MAX} characters: not compared")
            return None
        if not value or value.isspace():
            self.add("error", "invalid", where, "must not be empty")
            return None
        return value
