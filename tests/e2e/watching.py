"""The history of objects, exact to the write: resource versions of one cluster are the order of all its writes."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from kubectl import Kubectl, Resource

ObjectId = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True)
class Watch:
    """What `kubectl get KIND --watch` has told so far."""

    _output: IO[str]

    def events(self) -> list[Resource]:
        self._output.seek(0)
        return list(_documents(self._output.read()))

    def has_seen(self, resource: Resource) -> bool:
        """Whether this state of the object, or a later one, was told."""
        return any(
            version_of(event["object"]) >= version_of(resource)
            for event in self.events()
            if event["object"]["metadata"]["name"] == resource["metadata"]["name"]
        )


@contextmanager
def watching(cluster: Kubectl, kind: str) -> Iterator[Watch]:
    """Every state of the namespace's objects of a kind, while the context lasts."""
    with tempfile.NamedTemporaryFile("r") as reader, open(reader.name, "w") as writer:  # noqa: PTH123 - two positions
        process = cluster.start("get", kind, "--watch", "--output-watch-events", "--output=json", output=writer)
        try:
            yield Watch(reader)
        finally:
            process.terminate()
            process.wait()


def replay(watches: Sequence[Watch], *, since: Resource) -> Iterator[dict[ObjectId, Resource]]:
    """The state of all watched objects after each write, from the write that made `since` on."""
    state: dict[ObjectId, Resource] = {}
    events = [event for watch in watches for event in watch.events()]
    for event in sorted(events, key=lambda event: version_of(event["object"])):
        changed = event["object"]
        state[changed["kind"], changed["metadata"]["name"]] = changed
        if event["type"] == "DELETED":
            del state[changed["kind"], changed["metadata"]["name"]]
        if version_of(changed) >= version_of(since):
            yield dict(state)


def version_of(resource: Resource) -> int:
    return int(resource["metadata"]["resourceVersion"])


def _documents(text: str) -> Iterator[Resource]:
    """JSON documents one after the other; the last one may not be written to its end yet."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return
        yield document
        at += len(text[at:]) - len(text[at:].lstrip())
