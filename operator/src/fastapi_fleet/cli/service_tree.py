"""Reports of services as a terminal shows them."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from fastapi_fleet.report.service_report import ConditionReport, PodReport, RevisionReport, ServiceReport

_MARKS = {True: ("✔", "green"), False: ("✘", "red"), None: ("?", "yellow")}


def overview(namespace: str, reports: Sequence[ServiceReport]) -> RenderableType:
    """A line for each service of a namespace."""
    if not reports:
        return Text(f"There is no FastAPIService in namespace {namespace}.")
    table = Table(box=None, pad_edge=False)
    for column in ("", "NAME", "REASON", "PODS", "IMAGE"):
        table.add_column(column, no_wrap=True, overflow="fold")
    for report in reports:
        pods = f"{report.ready_replicas}/{report.replicas}"
        table.add_row(_mark(report.ready), Text(report.name), Text(report.reason), pods, Text(report.image))
    return table


def service_tree(report: ServiceReport) -> RenderableType:
    """All that is known of one service."""
    tree = Tree(_line(_mark(report.ready), (report.name, "bold"), f"in {report.namespace}: {_state(report)}"))
    if not report.seen:
        tree.add(Text("the operator has not acted on the newest spec yet", "yellow"))
    if report.cure and not report.ready:
        tree.add(_line(("what to do:", "bold"), report.cure))
    _branch(tree, "conditions", map(_condition, report.conditions))
    _branch(tree, f"pods: {report.ready_replicas} of {report.replicas} ready", map(_pod, report.pods))
    _branch(tree, "revisions, newest rollout first", map(_revision, report.revisions))
    if report.platform is not None:
        missing = "" if report.platform.conditions else ": not there, or not seen by the operator"
        _branch(tree, f"FleetPlatform {report.platform.name}{missing}", map(_condition, report.platform.conditions))
    _branch(tree, "addresses", [Text(url) for url in (report.url, report.public_url) if url])
    return tree


def _state(report: ServiceReport) -> str:
    return f"{'ready' if report.ready else 'not ready'}, {report.reason}: {report.message}"


def _branch(tree: Tree, title: str, lines: Iterable[Text]) -> None:
    branch = tree.add(Text(title, "bold"))
    for line in lines:
        branch.add(line)


def _condition(condition: ConditionReport) -> Text:
    return _line(_mark(condition.good), condition.type, (f"{condition.reason}: {condition.message}", "dim"))


def _pod(pod: PodReport) -> Text:
    restarts = f"{pod.restarts} restarts" if pod.restarts != 1 else "1 restart"
    about = ", ".join(part for part in (pod.component, pod.revision and f"revision {pod.revision}", restarts) if part)
    return _line(_mark(pod.ready or pod.state == "Succeeded"), pod.name, pod.state, (about, "dim"))


def _revision(revision: RevisionReport) -> Text:
    return _line(
        _mark(revision.ready),
        f"{revision.revision}{_standing(revision)}",
        revision.image,
        (f"since {revision.since}", "dim"),
    )


def _standing(revision: RevisionReport) -> str:
    if revision.replaced_by:
        return f" (asked for; {revision.replaced_by} runs in its place)"
    return " (the newest)" if revision.wanted else ""


def _mark(good: bool | None) -> Text:
    return Text(*_MARKS[good])


def _line(*parts: Text | str | tuple[str, str]) -> Text:
    """Words with spaces between them; a pair is one with its style."""
    return Text(" ").join(
        part if isinstance(part, Text) else Text(*((part,) if isinstance(part, str) else part)) for part in parts
    )
