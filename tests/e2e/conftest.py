"""The cluster as `make up` leaves it, a namespace for each story, and what a failure must show."""

import json
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from fleet import PLATFORM, SERVICE, Images, platform
from kubectl import Kubectl, KubectlError, local_cluster
from operator_process import DEPLOYMENT as OPERATOR_DEPLOYMENT
from operator_process import Operator
from secrecy import Evidence

REPOSITORY = Path(__file__).parents[2]
LOAD_IMAGES = REPOSITORY / "hack" / "load-test-images.sh"
LOG_LINES = 25
DELETION_SECONDS = 120
OPERATOR = Kubectl("fastapi-fleet-system")


@pytest.fixture(scope="session")
def fleet() -> Kubectl:
    """The namespace of users and orders."""
    return local_cluster()


@pytest.fixture(scope="session", autouse=True)
def operator(fleet: Kubectl) -> Operator:
    return Operator(OPERATOR)


@pytest.fixture(scope="session")
def images(fleet: Kubectl) -> Images:
    """Images in the node: those of `make up`, and the tests' own, which are built where they are missing."""
    done = subprocess.run([LOAD_IMAGES], stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    own = dict(line.split("=", 1) for line in done.stdout.splitlines())
    users, backends = fleet.get(SERVICE, "users"), fleet.get(PLATFORM, "default")
    assert users is not None, "there is no FastAPIService users: run make up"
    assert backends is not None, "there is no FleetPlatform default: run make up"
    return Images(
        v1=own["v1"],
        v2=own["v2"],
        slow=own["slow"],
        unready=own["unready"],
        users=users["spec"]["image"],
        postgres=backends["spec"]["postgres"]["image"],
        rabbitmq=backends["spec"]["rabbitmq"]["image"],
    )


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    return Evidence()


@pytest.fixture
def cluster(fleet: Kubectl, evidence: Evidence) -> Iterator[Kubectl]:
    """A namespace of the test's own."""
    with _namespace(evidence) as namespace:
        yield namespace


@pytest.fixture(scope="module")
def shared_cluster(fleet: Kubectl, evidence: Evidence) -> Iterator[Kubectl]:
    """One namespace for the tests of a module that only look."""
    with _namespace(evidence) as namespace:
        yield namespace


@pytest.fixture(scope="session")
def servers_of_all(fleet: Kubectl, evidence: Evidence, images: Images) -> Iterator[Kubectl]:
    """A namespace with a PostgreSQL and a RabbitMQ of its own."""
    with _namespace(evidence) as namespace:
        namespace.apply(platform(images))
        namespace.await_condition(PLATFORM, "default", "Ready", timeout=180)
        yield namespace


@pytest.fixture(scope="module")
def furnished_cluster(servers_of_all: Kubectl, evidence: Evidence) -> Iterator[Kubectl]:
    """That namespace, for services that each take another name. They go with their module: the node has two cores."""
    yield servers_of_all
    evidence.gather(servers_of_all)
    servers_of_all.run("delete", SERVICE, "--all", f"--timeout={DELETION_SECONDS}s", timeout=DELETION_SECONDS + 10)


@pytest.fixture
def new_cluster(fleet: Kubectl, evidence: Evidence) -> Iterator[Callable[[], Kubectl]]:
    """Makes namespaces of the test's own, as many as it takes."""
    with ExitStack() as namespaces:
        yield lambda: namespaces.enter_context(_namespace(evidence))


@contextmanager
def _namespace(evidence: Evidence) -> Iterator[Kubectl]:
    """Every namespace admits nothing but hardened pods. Its deletion is ordered and not waited for."""
    namespace = Kubectl(f"e2e-{uuid4().hex[:8]}")
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    labels = {**levels, "fastapi-fleet.io/test": "e2e"}
    namespace.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace.namespace, "labels": labels}}
    )
    try:
        yield namespace
        evidence.gather(namespace)
    finally:
        namespace.run("delete", "namespace", namespace.namespace, "--wait=false", "--ignore-not-found")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        seen = [value for value in item.funcargs.values() if isinstance(value, Kubectl)]
        for namespace in dict.fromkeys(seen):
            report.sections.append((f"conditions in {namespace.namespace}", _told(_conditions, namespace)))
            report.sections.append((f"pods in {namespace.namespace}", _told(_pods, namespace)))
        report.sections.append(("operator log", _told(_log, OPERATOR)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures that tests recorded."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name} {value}")


def _told(describe: Callable[[Kubectl], str], namespace: Kubectl) -> str:
    """The description, or why there is none: a report about a broken cluster must not break as well."""
    try:
        return describe(namespace)
    except KubectlError as error:
        return str(error)


def _conditions(namespace: Kubectl) -> str:
    return "\n".join(
        f"{resource['kind']} {resource['metadata']['name']}: {json.dumps(condition)}"
        for resource in namespace.select("fastapiservices,fleetplatforms")
        for condition in resource.get("status", {}).get("conditions", [])
    )


def _pods(namespace: Kubectl) -> str:
    return namespace.run("get", "pods")


def _log(namespace: Kubectl) -> str:
    return namespace.run("logs", OPERATOR_DEPLOYMENT, f"--tail={LOG_LINES}")
