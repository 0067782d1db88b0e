"""A copy of JSON content, several times as fast as copy.deepcopy, which looks out for more than there is in JSON."""

from typing import Any, TypeVar

T = TypeVar("T")


def copied(content: T) -> T:
    copy: T = _copied(content)
    return copy


def _copied(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _copied(value) for key, value in content.items()}
    return [_copied(item) for item in content] if isinstance(content, list) else content
