"""Every problem of every document of some files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.offline.admission import is_ours, refusals
from fastapi_fleet.offline.documents import Document, read_documents
from fastapi_fleet.offline.problems import Problem, field_name


@dataclass(frozen=True)
class Verdict:
    """`resources`: how many were looked at; `others`: how many documents are of kinds that are not the project's."""

    problems: tuple[Problem, ...]
    resources: int
    others: int


def validate(files: Iterable[tuple[str, str]]) -> Verdict:
    """Each file by its name and text."""
    documents, problems = _read(files)
    ours = sum(is_ours(document.value) for document in documents)
    return Verdict(tuple(problems), ours, len(documents) - ours)


def read_resources(files: Iterable[tuple[str, str]]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The project's resources, and the Secrets and ConfigMaps beside them by name alone.

    The resources are as they must be where there are no problems.
    """
    documents, problems = _read(files)
    resources = [document.value for document in documents if is_ours(document.value)]
    return [*resources, *(name for document in documents if (name := _name_of_reference(document.value)))], problems


def _name_of_reference(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - whatever a file says
    """A Secret or ConfigMap without its contents; None for anything else."""
    match value:
        case {"apiVersion": "v1", "kind": "Secret" | "ConfigMap" as kind, "metadata": {"name": str(name), **rest}}:
            namespace = {"namespace": rest["namespace"]} if isinstance(rest.get("namespace"), str) else {}
            return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **namespace}}
    return None


def _read(files: Iterable[tuple[str, str]]) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for source, text in files:
        found, broken = read_documents(source, text)
        documents += found
        told = [*broken, *(problem for document in found for problem in problems_of(document))]
        problems += sorted(told, key=lambda problem: problem.line)
    return documents, [*problems, *_repeated(documents)]


def _repeated(documents: Iterable[Document]) -> Iterator[Problem]:
    """Resources that two documents are about: the last to be applied would win."""
    first: dict[tuple[str, ...], Document] = {}
    for document in documents:
        identity = _identity(document)
        if identity is not None and identity in first:
            there = first[identity]
            message = f"is in {there.source}:{there.line_of(())}, too"
            yield Problem(document.source, document.line_of(()), message, *identity[:2])
        elif identity is not None:
            first[identity] = document


def _identity(document: Document) -> tuple[str, ...] | None:
    if not is_ours(document.value) or not isinstance(document.value.get("metadata"), dict):
        return None
    metadata = document.value["metadata"]
    return str(document.value.get("kind")), str(metadata.get("name")), str(metadata.get("namespace"))


def problems_of(document: Document) -> Iterator[Problem]:
    """What is wrong with a document; nothing where it is of a kind that is not the project's."""
    if not isinstance(document.value, dict):
        yield Problem(document.source, document.line_of(()), "is no resource: it has no fields")
        return
    if not is_ours(document.value):
        return
    metadata = document.value.get("metadata")
    name = str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
    for refusal in refusals(document.value):
        yield Problem(
            file=document.source,
            line=document.line_of(refusal.path),
            message=refusal.message,
            kind=str(document.value.get("kind", "")),
            name=name,
            field=field_name(refusal.path),
        )
