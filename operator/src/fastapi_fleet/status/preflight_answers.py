"""What the pods of a preflight have answered."""

from collections.abc import Iterable, Iterator

from fastapi_fleet.preflight.answer import CheckAnswer, read_answer
from fastapi_fleet.status.facts import LiveObject


def answers(pods: Iterable[LiveObject]) -> Iterator[tuple[LiveObject, CheckAnswer]]:
    """Each with the pod that gave it."""
    for pod in pods:
        for container in (pod.get("status") or {}).get("containerStatuses") or ():
            ended = (container.get("state") or {}).get("terminated") or {}
            answer = read_answer(ended.get("message") or "")
            if answer is not None:
                yield pod, answer
