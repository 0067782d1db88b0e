"""Secrets in commands, which are not to get into a spec."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from fastapi_fleet.compose.interpolation import names_in
from fastapi_fleet.compose.secret_names import is_secret_name, is_secret_value

_ASSIGNED = re.compile(r"-{0,2}([A-Za-z][\w-]*)=.+")


def holds_secret(raw: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Whether a command is put together from a secret variable, or has a secret written in it.

    `raw`: the service before variables were replaced; `words`: its command afterwards.
    """
    texts = [text for key in ("entrypoint", "command") for text in _texts(raw.get(key))]
    if any(is_secret_name(name) for text in texts for name in names_in(text)):
        return True
    split = [part for word in words for part in word.split()]
    return any(_is_assigned(part) or is_secret_value(part) for part in split) or any(
        option.startswith("--") and "=" not in option and _is_secret_option(option) and not value.startswith("-")
        for option, value in pairwise(split)
    )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _is_assigned(word: str) -> bool:
    found = _ASSIGNED.fullmatch(word)
    return found is not None and _is_secret_option(found[1])


def _is_secret_option(option: str) -> bool:
    return is_secret_name(option.lstrip("-").replace("-", "_"))
