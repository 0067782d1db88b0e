"""Logs of pods out of a cluster, line by line."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi_fleet.errors import NoLogError, ReconcileError
from fastapi_fleet.kube.http_client import LOG_SILENCE_SECONDS, HttpKubeClient
from fastapi_fleet.kube.kinds import POD, Object, ObjectKey
from fastapi_fleet.report.log_pods import started

_BOUNDS = frozenset({"sinceSeconds", "tailLines"})


@dataclass(frozen=True)
class Sink:
    """`line` takes the pod's name and a line of it, `missing` why a pod has no log."""

    line: Callable[[str, str], None]
    missing: Callable[[str, str], None]


async def print_logs(client: HttpKubeClient, pods: Iterable[Object], params: Mapping[str, str], sink: Sink) -> int:
    """One pod after the other. Returns how many had a log."""
    found = 0
    for pod in pods:
        found += await _print_log(client, pod, params, sink, silence=LOG_SILENCE_SECONDS)
    return found


async def follow_logs(
    client: HttpKubeClient,
    pods: Iterable[Object],
    params: Mapping[str, str],
    sink: Sink,
    *,
    namespace: str,
    selector: str,
    except_for: Iterable[str],
) -> None:
    """Of these pods and of those that come, their next containers included. Until it is cancelled, or ReconcileError.

    `params` bound what is told of these pods; of what starts later every line is told. `except_for`: uids of pods
    that are there and not meant.
    """
    failures: Sequence[BaseException] = ()
    whole = {name: value for name, value in params.items() if name not in _BOUNDS}
    try:
        async with asyncio.TaskGroup() as group:
            followed = _Followed(client, group, sink, frozenset(except_for))
            for pod in pods:
                followed.look(pod, params)
            while True:
                async with client.watch(POD, namespace, selector) as events:
                    async for event, pod in events:
                        if event != "DELETED":
                            followed.look(pod, whole)
    except* ReconcileError as failed:
        failures = failed.exceptions
    if failures:
        raise failures[0]


@dataclass
class _Followed:
    """`left_out`: uids of pods. `seen`: lives of containers whose logs are read, or have been."""

    client: HttpKubeClient
    group: asyncio.TaskGroup
    sink: Sink
    left_out: frozenset[str]
    seen: set[tuple[str, int]] = field(default_factory=set)

    def look(self, pod: Object, params: Mapping[str, str]) -> None:
        life = started(pod)
        if life is None or life in self.seen or pod["metadata"]["uid"] in self.left_out:
            return
        self.seen.add(life)
        asked = {**params, "follow": "true"}
        self.group.create_task(_print_log(self.client, pod, asked, self.sink, silence=None))


async def _print_log(
    client: HttpKubeClient, pod: Object, params: Mapping[str, str], sink: Sink, *, silence: float | None
) -> bool:
    """Whether there was one."""
    metadata = pod["metadata"]
    key = ObjectKey(POD.name, metadata["namespace"], metadata["name"])
    try:
        async with client.log(key, params, silence=silence) as lines:
            async for line in lines:
                sink.line(key.name, line.decode(errors="replace"))
    except NoLogError as error:
        sink.missing(key.name, error.message)
        return False
    return True
