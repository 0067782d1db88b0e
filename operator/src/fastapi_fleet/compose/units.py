"""Durations and sizes as Compose writes them."""

import math
import re

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?", re.IGNORECASE)
_POWERS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SUFFIXES = ("", "Ki", "Mi", "Gi", "Ti")
_STEP = 1024


def seconds(text: str) -> int:
    """1m30s as whole seconds, rounded up. Raises ValueError."""
    if text == "0":
        return 0
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("not a duration such as 30s or 1m30s")
    return math.ceil(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def memory(text: str) -> str:
    """512M as a quantity of Kubernetes, 512Mi: the units of Compose are powers of 1024. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a size such as 512M or 1g")
    size = round(float(found[1]) * _STEP ** _POWERS[found[2].lower()])
    power = 0
    while size and size % _STEP == 0 and power < len(_SUFFIXES) - 1:
        size, power = size // _STEP, power + 1
    return f"{size}{_SUFFIXES[power]}"


def cpu(text: str) -> str:
    """0.50 as a quantity of Kubernetes, 500m. Raises ValueError."""
    thousandths = round(float(text) * 1000)
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"
