"""Where the time of a request goes, by samples of the stack that py-spy takes from outside."""

import subprocess
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service_bench.applications import Running
from service_bench.errors import MeasurementError
from service_bench.load import Kind, Load

SECONDS = 8
SAMPLES_PER_SECOND = 250
# The first that fits a frame says whose it is; from the innermost frame outwards the first frame that is somebody's.
EVENT_LOOP = "event loop: sockets, callbacks, waiting"
OWNERS = (
    ("asyncio/runners.py", EVENT_LOOP),
    ("fleetkit/middleware.py", "kit: request id, access line"),
    ("fleetkit/logs.py", "logs"),
    ("fleetkit/metrics.py", "metrics"),
    ("fleetkit/auth/", "kit: tokens"),
    ("fleetkit/database.py", "kit: lending connections"),
    ("fleetkit/", "kit: other"),
    ("app/", "service's own code"),
    ("service_bench/", "application's own code"),
    ("structlog/", "logs"),
    ("prometheus_client/", "metrics"),
    ("asyncpg/", "asyncpg"),
    ("uvicorn/", "uvicorn"),
    ("fastapi/", "FastAPI and Starlette"),
    ("starlette/", "FastAPI and Starlette"),
    ("pydantic/", "pydantic"),
)


def profile(load: Load, application: Running, kind: Kind, path: str, *, title: str) -> str:
    """The shares of the parts under load, as a Markdown table.

    Raises:
        MeasurementError: py-spy may not look into the process, or saw nothing.
    """
    with tempfile.NamedTemporaryFile(suffix=".raw") as raw, ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load.run, application, kind, path, SECONDS + 2)
        _record(application.pid, Path(raw.name))
        loading.result()
        shares = _shares(Path(raw.name).read_text(encoding="utf-8").splitlines())
    rows = [f"| {owner} | {share:.1%} |" for owner, share in shares]
    return "\n".join([f"| {title} | share of the time |", "|---|---|", *rows, ""])


def _record(pid: int, file: Path) -> None:
    options = [
        "--rate",
        str(SAMPLES_PER_SECOND),
        "--duration",
        f"{SECONDS}",
        "--format",
        "raw",
        "--output",
        str(file),
    ]
    command = [f"{sysconfig.get_path('scripts')}/py-spy", "record", "--pid", str(pid), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise MeasurementError(f"py-spy failed: {done.stderr.strip()[-500:]}")


def _shares(lines: Iterable[str]) -> list[tuple[str, float]]:
    samples: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        samples[_owner(stack)] += int(count)
    total = samples.total()
    if not total:
        raise MeasurementError("py-spy saw nothing")
    return [(owner, count / total) for owner, count in samples.most_common()]


def _owner(stack: str) -> str:
    for frame in reversed(stack.split(";")):
        location = frame.rpartition("(")[2]
        for part, owner in OWNERS:
            if location.startswith(part):
                return owner
    return "other"
