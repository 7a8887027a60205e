"""The flat record of files and JSON, and the source record it says: one in, the same one out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from mpi.errors import InvalidRecord
from mpi.matching.record import Address, Identifier, PersonName, SourceRecord

#: The flat columns, the same in files and JSON.
FLAT_FIELDS = (
    "source", "local_id", "given", "middle", "family", "suffix", "birth_date", "sex", "ssn", "mrn",
    "phone", "email", "street", "city", "state", "zip",
)  # fmt: skip
#: What JSON adds to them.
LIST_FIELDS = ("names", "identifiers", "addresses", "phones", "emails")
OTHER_FIELDS = ("mother_maiden", "multiple_birth", "birth_order", "deceased")

TEXT_LENGTH_MAX = 1_000
LOCAL_ID_LENGTH_MAX = 256
SOURCE_LENGTH_MAX = 256
LIST_LENGTH_MAX = 50
BIRTH_ORDER_MAX = 99

_Entry = TypeVar("_Entry")
_Part = TypeVar("_Part", PersonName, Address)

_ALLOWED = frozenset((*FLAT_FIELDS, "record_id", *LIST_FIELDS, *OTHER_FIELDS))
_NAME_PARTS = ("given", "middle", "family", "suffix")
_ADDRESS_PARTS = ("street", "city", "state", "zip")
_WORDS_TRUE = frozenset(("true", "yes", "y", "t", "1"))
_WORDS_FALSE = frozenset(("false", "no", "n", "f", "0"))


def source_record(
    flat: Mapping[str, Any], *, source: str | None = None, reference_required: bool = True
) -> SourceRecord:
    """The source record that a flat JSON object or file row says; ``None`` and blank text are absent.

    ``source`` is used where the row names none. With ``reference_required=False`` (matching without saving)
    source and local_id may be absent and become ``""``. Flat fields become the first name, address, phone and
    e-mail of their lists. Raises InvalidRecord, naming the field and never the value, on an unknown key, a
    wrong type, text that is too long or holds NUL or a lone surrogate, a list of more than 50, and a record
    that holds nothing to match on.
    """
    if not isinstance(flat, Mapping):
        raise InvalidRecord("a record must be an object", field="record")
    if not _ALLOWED.issuperset(flat):
        raise _unknown_key(flat, _ALLOWED, "")
    names = _listed(flat, "names", _name, _flat_part(flat, PersonName, _NAME_PARTS), _same_name)
    addresses = _listed(flat, "addresses", _address, _flat_part(flat, Address, _ADDRESS_PARTS), _same_address)
    record = SourceRecord(
        source=_reference(flat, "source", SOURCE_LENGTH_MAX, reference_required, source),
        local_id=_local_id(flat, reference_required),
        names=names,
        birth_date=flat_text(flat.get("birth_date"), "birth_date"),
        sex=flat_text(flat.get("sex"), "sex"),
        ssn=flat_text(flat.get("ssn"), "ssn"),
        mrn=flat_text(flat.get("mrn"), "mrn"),
        identifiers=_listed(flat, "identifiers", _identifier, None, _equal),
        addresses=addresses,
        phones=_listed(flat, "phones", flat_text, flat_text(flat.get("phone"), "phone"), _equal),
        emails=_listed(flat, "emails", flat_text, flat_text(flat.get("email"), "email"), _equal),
        mother_maiden=flat_text(flat.get("mother_maiden"), "mother_maiden"),
        multiple_birth=flat_truth(flat.get("multiple_birth"), "multiple_birth"),
        birth_order=flat_birth_order(flat.get("birth_order")),
        deceased=flat_deceased(flat.get("deceased")),
    )
    refuse_empty(record)
    return record


def kept_record(
    flat: Mapping[str, Any], source: str, local_id: str, original: Mapping[str, Any] | None = None
) -> SourceRecord:
    """A stored record as it was sent, from its flat form and the Patient it came as; one that says nothing
    too.
    """
    try:
        record = source_record(flat, reference_required=False)
    except InvalidRecord:
        record = SourceRecord(source=source, local_id=local_id)
    return replace(record, source=source, local_id=local_id, original=original)


def flat_record(record: SourceRecord) -> dict[str, Any]:
    """The flat form of a source record, absent fields left out; ``source_record`` of it is the same record.

    The first name, address, phone and e-mail stand in the flat columns. A list holds what is left, or all of
    it where the first entry has a part that no flat column holds (``prefix``, ``use``, ``country``).
    """
    flat: dict[str, Any] = {}
    if record.source:
        flat["source"] = record.source
    if record.local_id:
        flat["local_id"] = record.local_id
    if record.names:
        _spread(flat, record.names[0], _NAME_PARTS)
    for field in ("birth_date", "sex", "ssn", "mrn"):
        _put(flat, field, getattr(record, field))
    _put(flat, "phone", record.phones[0] if record.phones else None)
    _put(flat, "email", record.emails[0] if record.emails else None)
    if record.addresses:
        _spread(flat, record.addresses[0], _ADDRESS_PARTS)
    _put(flat, "names", [_object(name) for name in _rest(record.names, _same_name, _is_flat_name)])
    _put(flat, "identifiers", [_object(identifier) for identifier in record.identifiers])
    _put(flat, "addresses", [_object(a) for a in _rest(record.addresses, _same_address, _is_flat_address)])
    _put(flat, "phones", list(_rest(record.phones, _equal, bool)))
    _put(flat, "emails", list(_rest(record.emails, _equal, bool)))
    for field in OTHER_FIELDS:
        _put(flat, field, getattr(record, field))
    return flat


def flat_text(value: Any, field: str, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    """The text of a flat field as it is, None where it is blank. Raises InvalidRecord naming the field."""
    if value is None:
        return None
    if type(value) is not str:
        raise InvalidRecord(f"{field} must be text", field=field)
    if len(value) > length_max:
        raise InvalidRecord(f"{field} is longer than {length_max} characters", field=field)
    if not value.isascii():
        _refuse_surrogates(value, field)
    if "\0" in value:
        raise InvalidRecord(f"{field} holds a NUL character", field=field)
    return value if value and not value.isspace() else None


def _refuse_surrogates(value: str, field: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        # "from None": the original error would carry the value into a log.
        raise InvalidRecord(f"{field} is not valid Unicode: a surrogate stands alone", field=field) from None


def _reference(
    flat: Mapping[str, Any], field: str, length_max: int, required: bool, default: str | None = None
) -> str:
    value = flat_text(flat.get(field), field, length_max) or flat_text(default, field, length_max)
    if value is None and required:
        raise InvalidRecord(f"{field} is missing", field=field)
    return value or ""


def _local_id(flat: Mapping[str, Any], required: bool) -> str:
    if flat.get("record_id") is None:
        return _reference(flat, "local_id", LOCAL_ID_LENGTH_MAX, required)
    record_id = _reference(flat, "record_id", LOCAL_ID_LENGTH_MAX, required)
    local_id = flat_text(flat.get("local_id"), "local_id", LOCAL_ID_LENGTH_MAX)
    if local_id is not None and local_id != record_id:
        raise InvalidRecord("local_id and record_id are two names of one field and differ", field="record_id")
    return record_id


def flat_truth(value: Any, field: str) -> bool | None:
    """True and False, and the words for them that a CSV file has."""
    if value is None or isinstance(value, bool):
        return value
    text = flat_text(value, field)
    if text is None:
        return None
    word = text.strip().lower()
    if word in _WORDS_TRUE or word in _WORDS_FALSE:
        return word in _WORDS_TRUE
    raise InvalidRecord(f"{field} must be true or false", field=field)


def flat_deceased(value: Any) -> bool | str | None:
    """True, False, or the date of death as text."""
    if value is None or isinstance(value, bool):
        return value
    text = flat_text(value, "deceased")
    word = text.strip().lower() if text else ""
    return word in _WORDS_TRUE if word in _WORDS_TRUE or word in _WORDS_FALSE else text


def flat_birth_order(value: Any) -> int | None:
    """The number, sent as one or as text. Raises InvalidRecord on any other."""
    if value is None:
        return None
    if type(value) is str:
        text = (flat_text(value, "birth_order") or "").strip()
        if not text:
            return None
        # isascii first: isdigit alone also accepts superscripts, which int() refuses.
        value = int(text) if len(text) <= 2 and text.isascii() and text.isdigit() else None
    if type(value) is not int or not 0 <= value <= BIRTH_ORDER_MAX:
        message = f"birth_order must be a whole number from 0 to {BIRTH_ORDER_MAX}"
        raise InvalidRecord(message, field="birth_order")
    return value


def _flat_part(flat: Mapping[str, Any], part: type[_Part], fields: tuple[str, ...]) -> _Part | None:
    texts = {field: text for field in fields if (text := flat_text(flat.get(field), field)) is not None}
    return part(**texts) if texts else None


def _listed(
    flat: Mapping[str, Any],
    field: str,
    parse: Callable[[Any, str], _Entry | None],
    first: _Entry | None,
    same: Callable[[_Entry, _Entry], bool],
) -> tuple[_Entry, ...]:
    """The flat value, then the list; the flat value repeated as the list's first entry counts once."""
    value = flat.get(field)
    if value is None:
        return () if first is None else (first,)
    if not isinstance(value, list | tuple):
        raise InvalidRecord(f"{field} must be a list", field=field)
    if len(value) > LIST_LENGTH_MAX:
        raise InvalidRecord(f"{field} has more than {LIST_LENGTH_MAX} entries", field=field)
    entries = []
    for position, item in enumerate(value):
        if item is None:
            raise InvalidRecord(f"{field}[{position}] must not be null", field=f"{field}[{position}]")
        entry = parse(item, f"{field}[{position}]")
        if entry is not None:
            entries.append(entry)
    if first is not None and not (entries and same(first, entries[0])):
        entries.insert(0, first)
    return tuple(entries)


def _parts(item: Any, field: str, allowed: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(item, Mapping):
        raise InvalidRecord(f"{field} must be an object", field=field)
    if not set(allowed).issuperset(item):
        raise _unknown_key(item, frozenset(allowed), f"{field}.")
    texts = {key: flat_text(item.get(key), f"{field}.{key}") for key in allowed}
    return {key: text for key, text in texts.items() if text is not None}


def _name(item: Any, field: str) -> PersonName | None:
    parts = _parts(item, field, PersonName._fields)
    return PersonName(**parts) if parts.keys() - {"use"} else None


def _address(item: Any, field: str) -> Address | None:
    parts = _parts(item, field, Address._fields)
    return Address(**parts) if parts.keys() - {"use"} else None


def _identifier(item: Any, field: str) -> Identifier | None:
    parts = _parts(item, field, Identifier._fields)
    if not parts:
        return None
    for key in ("authority", "value"):
        if key not in parts:
            raise InvalidRecord(f"{field}.{key} is missing", field=f"{field}.{key}")
    return Identifier(**parts)


def _unknown_key(given: Mapping[Any, Any], allowed: frozenset[str], prefix: str) -> InvalidRecord:
    unknown = min(str(key) for key in given if key not in allowed)
    # Cut and escaped: a key is named back to its sender, but may be anything.
    name = prefix + (unknown[:64].encode("ascii", "backslashreplace").decode() or "(empty)")
    return InvalidRecord(f"unknown key: {name}", field=name)


def refuse_empty(record: SourceRecord) -> None:
    """Raises InvalidRecord for a record that holds nothing to match on."""
    if not (
        record.names or record.birth_date or record.ssn or record.mrn or record.identifiers
        or record.addresses or record.phones or record.emails or record.sex or record.mother_maiden
    ):  # fmt: skip
        raise InvalidRecord("the record holds no demographics and no identifier", field="record")


def _same_name(a: PersonName, b: PersonName) -> bool:
    return a._replace(prefix=None, use=None) == b._replace(prefix=None, use=None)


def _same_address(a: Address, b: Address) -> bool:
    return a[:4] == b[:4]


def _equal(a: Any, b: Any) -> bool:
    return bool(a == b)


def _is_flat_name(name: PersonName) -> bool:
    return name.prefix is None and name.use is None


def _is_flat_address(address: Address) -> bool:
    return address.country is None and address.use is None


def _rest(
    entries: tuple[_Entry, ...], same: Callable[[_Entry, _Entry], bool], is_flat: Callable[[_Entry], bool]
) -> tuple[_Entry, ...]:
    """What the flat columns leave over: all, where ``source_record`` would take the second for the first."""
    if not entries or not is_flat(entries[0]):
        return entries
    if len(entries) > 1 and same(entries[0], entries[1]):
        return entries
    return entries[1:]


def _object(entry: Any) -> dict[str, str]:
    return {field: value for field, value in entry._asdict().items() if value is not None}


def _spread(flat: dict[str, Any], entry: Any, fields: tuple[str, ...]) -> None:
    for field in fields:
        _put(flat, field, getattr(entry, field))


def _put(flat: dict[str, Any], field: str, value: Any) -> None:
    if value is not None and value != []:
        flat[field] = value
