"""What a client may send, and how what it may not is named."""

from __future__ import annotations

import time

import pytest

from mpi.api.body import DEPTH_MAX, parse, parse_object
from mpi.api.problems import Refusal
from mpi.errors import BadInput

DEEP = 100_000


def _nested(depth: int) -> bytes:
    return b'{"given":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"given": "a\\u0000b"}', "given"),
        (b'{"given": "\\ud800"}', "given"),
        (b'{"names": [{"family": "\\udfff"}]}', "names[0].family"),
        (b'{"birth_order": 18446744073709551616}', "birth_order"),
        (b'{"birth_order": 9223372036854775808}', "birth_order"),
        (b'{"birth_order": -9223372036854775809}', "birth_order"),
        (b'{"birth_order": ' + b"9" * 400 + b"}", "birth_order"),
        (b'{"birth_order": 1e999}', "birth_order"),
        (b'{"birth_order": NaN}', "birth_order"),
        (b'["\\u0000"]', "[0]"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b"null", "body"),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused_by_the_name_of_its_field(raw: bytes, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_object(raw)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (_nested(DEEP), "too-deep", "given"),
        (_nested(DEPTH_MAX), "too-deep", "given"),
        (b'{"given": "x", "names": ' + b'[{"a":' * DEEP, "too-deep", "names"),
        (b"[" * DEEP, "too-deep", "body"),
        (b"", "malformed-json", "body"),
        (b'{"given": ', "malformed-json", "body"),
        (b'{"given": "\xff"}', "malformed-json", "body"),
        (b'{"given": "\x00"}', "malformed-json", "body"),
        (b"given=x", "malformed-json", "body"),
    ],
)
def test_what_is_not_json_of_bounded_depth_is_a_400(raw: bytes, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(raw)
    assert (refused.value.status_code, refused.value.code, refused.value.field) == (400, code, field)


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    for raw in (b'{"given": "Canary\\u0000"}', b'{"given": "Canary', b'{"given": "Canary\\ud800"}'):
        with pytest.raises((BadInput, Refusal)) as refused:
            parse(raw)
        assert "Canary" not in str(refused.value)


def test_depth_and_size_within_bounds_pass() -> None:
    assert parse(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)
    assert parse(b"[" * DEPTH_MAX + b"7" + b"]" * DEPTH_MAX)
    assert parse(_nested(DEPTH_MAX - 1))
    assert parse_object(b'{"addresses": [' + b",".join([b'{"zip": "62701"}'] * 40) + b"]}")
    assert parse_object(b'{"ssn": "9223372036854775808", "given": "\\\\u0000"}')


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "' + b'\\"' * 500_000,
        b'{"a": "' + b'\\"' * 500_000 + b"\\",
        b'"' * 1_000_001,
        b"{" * 1_000_000,
        b'{"a": [' + b"[]," * 330_000,
        b'{"a": [' + b"[]," * 330_000 + b"[" * 2_000,
    ],
)
def test_refusing_takes_no_longer_for_hostile_input(raw: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Refusal):
        parse(raw)
    assert time.process_time() - began < 1
