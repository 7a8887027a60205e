"""Parameters, read tolerantly and written strictly.

Clients send booleans as strings, numbers as decimals, and resources without the wrapper: what can be meant
in only one way is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mpi.fhir.outcome import Resource, refused

_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Parameters:
    """The parts of a Parameters resource, and which of them nobody asked for."""

    def __init__(self, parts: list[tuple[str, Any]], sent: list[dict[str, Any]] | None = None) -> None:
        self._parts = parts
        #: The parts as they were sent.
        self.sent = sent or []
        self._taken: set[str] = set()

    @classmethod
    def read(cls, resource: Mapping[str, Any]) -> Parameters:
        """Raises Refused 400 where ``parameter`` is not a list of named parts."""
        listed = resource.get("parameter", [])
        if not isinstance(listed, list):
            raise refused(400, "structure", "parameter must be a list", expression="Parameters.parameter")
        parts = []
        for number, part in enumerate(listed):
            if not isinstance(part, dict) or not isinstance(part.get("name"), str):
                place = f"Parameters.parameter[{number}]"
                raise refused(400, "structure", "every parameter needs a name", expression=place)
            parts.append((part["name"], _value(part)))
        return cls(parts, listed)

    @classmethod
    def of_query(cls, query: tuple[tuple[str, str], ...]) -> Parameters:
        """The parameters of a GET, all of them text; those of HTTP itself left out."""
        return cls([(name, value) for name, value in query if not name.startswith("_")])

    def all(self, name: str) -> list[Any]:
        """Every value of a parameter: a primitive, an element or a resource."""
        self._taken.add(name)
        return [value for own, value in self._parts if own == name]

    def one(self, *names: str) -> Any:
        """The value of a parameter that comes at most once, by any of its names.

        Raises Refused 400 when it comes twice.
        """
        found = [value for name in names for value in self.all(name)]
        if len(found) > 1:
            raise refused(400, "invalid", f"{names[0]} may come once only", expression=names[0])
        return found[0] if found else None

    def truth(self, name: str, *, otherwise: bool = False) -> bool:
        """A boolean, also as text. Raises Refused 400 for anything else."""
        value = self.one(name)
        if value is None:
            return otherwise
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and (word := value.strip().lower()) in (*_TRUE, *_FALSE):
            return word in _TRUE
        raise refused(400, "invalid", f"{name} must be true or false", expression=name)

    def count(self, name: str, *, otherwise: int, most: int) -> int:
        """A whole number from 0, also as text, cut to ``most``. Raises Refused 400 for anything else."""
        value = self.one(name)
        if value is None:
            return otherwise
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
            value = int(value.strip()[:9])
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise refused(400, "invalid", f"{name} must be a whole number from 0", expression=name)
        return min(value, most)

    def text(self, name: str) -> str | None:
        """A text. Raises Refused 400 for anything else."""
        value = self.one(name)
        if value is not None and not isinstance(value, str):
            raise refused(400, "invalid", f"{name} must be text", expression=name)
        return value

    def untaken(self) -> Iterator[str]:
        """The names nobody asked for: parameters that are not supported."""
        return (name for name in dict.fromkeys(name for name, _ in self._parts) if name not in self._taken)


def _value(part: Mapping[str, Any]) -> Any:
    """A part's resource or value[x]; with several, the first."""
    if "resource" in part:
        return part["resource"]
    for key, value in part.items():
        if key.startswith("value"):
            return value
    return part.get("part")


def parameters(*parts: Mapping[str, Any]) -> Resource:
    """The resource; without parts it has no ``parameter``, for FHIR knows no empty lists."""
    written: Resource = {"resourceType": "Parameters"}
    if parts:
        written["parameter"] = [dict(part) for part in parts]
    return written
