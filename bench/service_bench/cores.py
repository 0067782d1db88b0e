"""One core for the application that is measured; the database and the load share the others."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """Numbers of cores as the kernel counts them. They are the same on a machine that has only one."""

    application: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The first core that this process may use for the application, the rest for the others."""
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset({first}), frozenset(rest or {first}))


def pinned(cores: frozenset[int], command: list[str]) -> list[str]:
    """The command, kept to these cores."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(cores))), *command]
