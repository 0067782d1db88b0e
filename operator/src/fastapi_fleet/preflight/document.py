"""The OpenAPI document that the script printed, out of a log that an image which is not trusted has written."""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable

from fastapi_fleet.preflight.check_image import DOCUMENT_LIMIT, LINE_LENGTH, LINE_PREFIX

_GZIP = 16 + zlib.MAX_WBITS
_PREFIX = LINE_PREFIX.encode()

LONGEST_LINE = len(_PREFIX) + LINE_LENGTH + 1


def compressed_in(log: Iterable[bytes], digest: str, lines: int) -> bytes | None:
    """As it was printed last. None where it is not there whole, or is not the one of that digest."""
    parts = [line.removeprefix(_PREFIX) for line in log if line.startswith(_PREFIX)]
    try:
        found = base64.b64decode(b"".join(parts[-lines:] if lines else ()), validate=True)
    except binascii.Error:
        return None
    text = _text_of(found)
    return found if text is not None and hashlib.sha256(text).hexdigest() == digest else None


def read_document(compressed: bytes) -> object:
    """Any JSON. Raises ValueError for what is none, or larger than what the script writes."""
    text = _text_of(compressed)
    if text is None:
        raise ValueError("is not compressed by gzip, or too large")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _text_of(compressed: bytes) -> bytes | None:
    """No more than an honest script's: a few bytes can stand for gigabytes."""
    decompressor = zlib.decompressobj(_GZIP)
    try:
        text = decompressor.decompress(compressed, DOCUMENT_LIMIT)
    except zlib.error:
        return None
    return text if decompressor.eof else None
