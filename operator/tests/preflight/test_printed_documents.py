"""What is taken for a document out of a log that anybody may have written."""

import gzip
import hashlib
import json

import pytest
from fastapi_fleet.preflight.check_image import DOCUMENT_LIMIT, LINE_PREFIX, lines_of
from fastapi_fleet.preflight.document import compressed_in, read_document

RAW = json.dumps(
    {"openapi": "3.1.0", "paths": {f"/{hashlib.sha256(bytes([at])).hexdigest()}": {} for at in range(200)}}
)
LINES = [line.strip() for line in lines_of(RAW.encode())]
DIGEST = hashlib.sha256(RAW.encode()).hexdigest()
PREFIX = LINE_PREFIX.encode()

WHOLE = {
    "alone": LINES,
    "among others": [b"starting", LINES[0], b"", b"a warning \xff", *LINES[1:], b"bye"],
    "after an earlier one": [*[line.strip() for line in lines_of(b"{}")], *LINES],
}
NOT_THERE = {
    "nothing": [],
    "a line is missing": LINES[1:],
    "in another order": LINES[::-1],
    "no base64": [PREFIX + b"!"] * len(LINES),
    "no gzip": [PREFIX + b"AAAA"] * len(LINES),
    "another document": [line.strip() for line in lines_of(RAW.encode() + b" ")],
}


def test_the_example_takes_several_lines() -> None:
    assert len(LINES) > 2


@pytest.mark.parametrize("log", WHOLE.values(), ids=WHOLE.keys())
def test_document_is_found_whatever_else_was_printed(log: list[bytes]) -> None:
    found = compressed_in(log, DIGEST, len(LINES))
    assert found is not None
    assert read_document(found) == json.loads(RAW)


@pytest.mark.parametrize("log", NOT_THERE.values(), ids=NOT_THERE.keys())
def test_what_is_not_the_whole_document_is_none(log: list[bytes]) -> None:
    assert compressed_in(log, DIGEST, len(LINES)) is None


def test_document_that_unpacks_to_more_than_the_limit_is_none() -> None:
    bomb = b" " * (DOCUMENT_LIMIT + 1)
    log = [line.strip() for line in lines_of(bomb)]
    assert len(log) == 1
    assert compressed_in(log, hashlib.sha256(bomb).hexdigest(), 1) is None


UNREADABLE = {
    "no gzip": b"{}",
    "cut off": gzip.compress(RAW.encode())[:-9],
    "no JSON": gzip.compress(b"openapi"),
    "no text": gzip.compress(b"\xff\xfe\xff"),
    "nested without end": gzip.compress(b"[" * 500_000),
    "a number without end": gzip.compress(b"9" * 500_000),
}


@pytest.mark.parametrize("compressed", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_document_that_cannot_be_read_is_an_error_of_one_kind(compressed: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_document(compressed)
