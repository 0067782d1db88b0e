"""What the pods of a Job have answered, in the messages that they ended with."""

from collections.abc import Iterable, Iterator

from fastapi_fleet.preflight.answer import CheckAnswer, read_answer
from fastapi_fleet.preflight.schema_answer import SchemaAnswer, read_schema_answer
from fastapi_fleet.status.facts import LiveObject


def answers(pods: Iterable[LiveObject]) -> Iterator[tuple[LiveObject, CheckAnswer]]:
    """Of a preflight, each with the pod that gave it."""
    for pod, message in _last_words(pods):
        answer = read_answer(message)
        if answer is not None:
            yield pod, answer


def schema_answer(pods: Iterable[LiveObject]) -> SchemaAnswer | None:
    """Of migrations that were not run. None where they were, or nobody knows."""
    found = (read_schema_answer(message) for _, message in _last_words(pods))
    return next((answer for answer in found if answer is not None), None)


def _last_words(pods: Iterable[LiveObject]) -> Iterator[tuple[LiveObject, str]]:
    for pod in pods:
        for container in (pod.get("status") or {}).get("containerStatuses") or ():
            ended = (container.get("state") or {}).get("terminated") or {}
            yield pod, ended.get("message") or ""
