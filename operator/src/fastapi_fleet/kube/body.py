"""Bodies of requests: JSON that reads alike as YAML, for the API server decodes what is applied as YAML."""

import json
import re

_BACKSLASH_OR_PAIR = re.compile(r"\\\\|(\\ud[89ab]..\\ud[c-f]..)")
"""An escaped backslash is matched so that what follows it is not taken for an escape."""


def encode(body: object) -> bytes:
    """JSON in ASCII but for characters beyond U+FFFF, such as emoji: YAML refuses the pair of escapes of JSON."""
    text = json.dumps(body, separators=(",", ":"))
    return (_BACKSLASH_OR_PAIR.sub(_unescape, text) if "\\ud" in text else text).encode()


def _unescape(found: re.Match[str]) -> str:
    pair: str | None = found[1]
    return found[0] if pair is None else str(json.loads(f'"{pair}"'))
