"""As many findings as a message has room for."""

from collections.abc import Sequence


def first_of(findings: Sequence[str], room: int, *, more: int = 0) -> str:
    """Whole findings, the first one in any case, and how many are left out with the `more` that are not here."""
    told: list[str] = []
    for finding in findings:
        if told and len("; ".join([*told, finding])) > room:
            break
        told.append(finding)
    left = len(findings) - len(told) + more
    return "; ".join([*told, *([f"and {left} more"] if left else [])])
