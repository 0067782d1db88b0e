"""Which alternative of a union became which."""

from collections.abc import Callable

from fastapi_fleet.contract.variant import Variant

Same = Callable[[Variant, Variant], bool]
Pairs = list[tuple[Variant, Variant]]


def pair_off(olds: list[Variant], news: list[Variant], same: Same) -> tuple[Pairs, list[Variant], list[Variant]]:
    """The same, then those of the same name, then the last one of each side; and what is gone, and what has come."""
    gone, come = list(olds), list(news)
    pairs: Pairs = []
    for matches in (same, _same_name):
        for old in list(gone):
            new = next((new for new in come if matches(old, new)), None)
            if new is not None:
                pairs.append((old, new))
                gone.remove(old)
                come.remove(new)
    if len(gone) == 1 and len(come) == 1:
        return [*pairs, (gone[0], come[0])], [], []
    return pairs, gone, come


def _same_name(old: Variant, new: Variant) -> bool:
    return old.label is not None and old.label == new.label
