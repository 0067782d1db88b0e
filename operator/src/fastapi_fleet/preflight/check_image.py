"""Asks an image in its own environment: makes its settings, and prints its OpenAPI document. Tells no value.

usage: python -c SOURCE SETTINGS FILE NAME,NAME... APP [SECRET...]

SETTINGS and APP are MODULE:ATTRIBUTE; an empty APP asks for no document. The answer goes into FILE as JSON. NAMEs are
variables whose values may show, SECRETs files or folders of which none may. Ends with 3 where settings are refused.
Runs in whatever image a service has: it needs the standard library of Python 3.9, and nothing else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib
import inspect
import json
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

REFUSED = 3
SECONDS = 60.0
ANSWER_LIMIT = 4096
"""Bytes that the kubelet takes of a termination message."""

MOST_FINDINGS = 64
PLACE_LIMIT, TEXT_LIMIT = 120, 300
RUN = 6
"""Characters that a text and a secret must have in common to be hidden. A shorter secret is hidden as a word."""

DOCUMENT_LIMIT = 1 << 20
LINE_LENGTH = 4000
"""With its prefix below what the kernel writes to a pipe at once: no thread of the image writes into a line."""

LINE_PREFIX = "fastapi-fleet.io/openapi "
FACTORY = "create_app"
SHORTEST_IN_DOCUMENT = 8
NAMES_OF_FIELDS = {"$ref", "required", "mapping", "operationId"}
COMPARED = ("openapi", "paths", "components", "security")
"""Parts of a document. Titles, servers and tags are nobody's contract."""

NEVER_SECRET = {"HOME", "HOSTNAME", "LANG", "OLDPWD", "PATH", "PWD", "SHLVL", "TERM", "TZ", "_"}
NEVER_SECRET_PREFIXES = ("KUBERNETES_", "LC_", "PYTHON")

Finding = dict[str, str]
Answer = dict[str, Any]


class AbsentError(Exception):
    """There is nothing of that name in the image."""


def load(path: str) -> Any:  # noqa: ANN401 - whatever the image has
    """Raises AbsentError; and whatever the module raises."""
    module, _, attribute = path.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise AbsentError(f"the image has no module {error.name}") from None
        raise
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise AbsentError(f"{module} has no {attribute}")
        found = getattr(found, name)
    return found


def check(path: str, hidden: Iterable[str], shown: Iterable[str] = ()) -> Answer:
    """`hidden` and `shown`: values that must not show, and values that may."""
    secret, plain = set(hidden), set(shown)
    settings = None
    try:
        settings = load(path)
        if callable(settings):
            settings()
    except AbsentError as absent:
        return {"outcome": "absent", "findings": [{"where": path, "what": str(absent)}]}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an image raises is told, not handled
        return {"outcome": "refused", "findings": list(findings_of(error, settings, secret, plain))}
    return {"outcome": "accepted", "findings": []}


def findings_of(error: BaseException, settings: object, secret: set[str], plain: set[str]) -> Iterator[Finding]:
    errors = getattr(error, "errors", None)
    if type(error).__name__ != "ValidationError" or not callable(errors):
        what = f"{type(error).__name__}: {error}"
        yield finding(place_of(error), redacted(what, secret - plain))
        return
    for detail in errors():
        hidden = (secret | set(texts_in(detail.get("input")))) - plain
        yield finding(variable_of(detail["loc"], settings, hidden), redacted(detail["msg"], hidden))


def finding(where: str, what: str) -> Finding:
    return {"where": where[:PLACE_LIMIT], "what": " ".join(what.split())[:TEXT_LIMIT]}


def variable_of(location: Iterable[object], settings: object, hidden: set[str]) -> str:
    """The environment variable, as settings of pydantic name it. What follows may be keys of a value."""
    first, *inner = [str(part) for part in location] or ["(settings)"]
    fields = getattr(settings, "model_fields", None) or getattr(settings, "__fields__", None) or {}
    config = getattr(settings, "model_config", None)
    prefix = config.get("env_prefix", "") if isinstance(config, dict) and first in fields else ""
    return ".".join([f"{prefix}{first}".upper(), *(redacted(part, hidden) for part in inner)])


def place_of(error: BaseException) -> str:
    """File and line of the service's own code, as far in as there is some."""
    own = ""
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename)
        if Path.cwd() in file.parents and "site-packages" not in file.parts:
            own = f"{file.relative_to(Path.cwd())}:{frame.lineno}"
    return own


def redacted(text: str, hidden: Iterable[str]) -> str:
    """The first line, without any run of characters that a hidden value has as well."""
    line = (text.strip().splitlines() or [""])[0][: 4 * TEXT_LIMIT]
    covered = [False] * len(line)
    for value in {form for secret in hidden for form in (secret.strip(), unquote(secret.strip())) if form}:
        for start, end in common(line, value):
            covered[start:end] = [True] * (end - start)
    marked = "".join("\0" if covered[at] else character for at, character in enumerate(line))
    return re.sub("\0+", "***", marked)


def common(line: str, value: str) -> Iterator[tuple[int, int]]:
    """Where the line has something of the value. The scheme of a URL is no secret."""
    if len(value) < RUN:
        for word in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", line):
            yield word.span()
        return
    told = re.sub(r"^[A-Za-z][\w+.-]*://", "", value)
    for start in range(len(line) - RUN + 1):
        if line[start : start + RUN] in told:
            yield start, start + RUN


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, (str, bytes, int, float)):
        yield value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def contents(places: Iterable[str]) -> Iterator[str]:
    """Of files and of all files below folders, as far as they can be read."""
    for place in map(Path, places):
        for file in (place, *place.rglob("*")):
            with suppress(OSError):
                yield file.read_text(encoding="utf-8", errors="replace")


def encoded(answer: Answer) -> str:
    """As JSON that the kubelet does not cut: findings at the end are left out, and counted."""
    findings = answer["findings"]
    kept = findings[:MOST_FINDINGS]
    while True:
        text = json.dumps({**answer, "findings": kept, "more": len(findings) - len(kept)})
        if len(text) <= ANSWER_LIMIT or not kept:
            return text
        kept.pop()


def is_never_secret(name: str) -> bool:
    return name in NEVER_SECRET or name.startswith(NEVER_SECRET_PREFIXES)


def ask_for_document(path: str, hidden: Iterable[str]) -> Answer:
    """Print the document, past what the image has put in the place of sys.stdout. Returns what is told beside."""
    secret = set(hidden)
    try:
        document = application(path).openapi()
        text = json.dumps({part: document[part] for part in COMPARED if part in document})
        kept = without(json.loads(text), {value for value in secret if len(value) >= SHORTEST_IN_DOCUMENT})
    except AbsentError as absent:
        return {"outcome": "absent", "why": f"{path}: {absent}"}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as with the settings
        told = finding(place_of(error), redacted(f"{type(error).__name__}: {error}", secret))
        return {"outcome": "failed", "why": ": ".join(part for part in told.values() if part)}
    raw = json.dumps(kept, sort_keys=True, separators=(",", ":")).encode("ascii")
    if len(raw) > DOCUMENT_LIMIT:
        return {"outcome": "failed", "why": f"the document has {len(raw)} bytes, more than {DOCUMENT_LIMIT}"}
    lines = lines_of(raw)
    for line in lines:
        os.write(1, line)
    return {"outcome": "made", "lines": len(lines), "digest": hashlib.sha256(raw).hexdigest()}


def application(path: str) -> Any:  # noqa: ANN401 - as load
    """What has an OpenAPI document; or what the function returns, where it is one that makes it."""
    try:
        found = load(path)
    except AbsentError as absent:
        try:
            found = load(f"{path.partition(':')[0]}:{FACTORY}")
        except AbsentError:
            raise absent from None
    if inspect.isroutine(found):
        found = found()
    if not callable(getattr(found, "openapi", None)):
        raise AbsentError("it has no OpenAPI document")
    return found


def without(value: Any, hidden: set[str], field: str = "") -> Any:  # noqa: ANN401 - any JSON
    """The document without secrets: the default of a parameter can be one. Names of fields and places stay."""
    if isinstance(value, dict):
        return {key: without(inner, hidden, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [without(item, hidden, field) for item in value]
    is_secret = isinstance(value, str) and field not in NAMES_OF_FIELDS and any(text in value for text in hidden)
    return "***" if is_secret else value


def lines_of(raw: bytes) -> list[bytes]:
    """Compressed. Each begins a line, whatever the image has printed before."""
    text = base64.b64encode(gzip.compress(raw, mtime=0)).decode("ascii")
    parts = [text[start : start + LINE_LENGTH] for start in range(0, len(text), LINE_LENGTH)]
    return [f"\n{LINE_PREFIX}{part}\n".encode("ascii") for part in parts]


def end(answer: Answer, file: str) -> NoReturn:
    """Whatever threads the image has begun: they must not hold a rollout up."""
    Path(file).write_text(encoded(answer), encoding="ascii")
    sys.stdout.flush()
    os._exit(REFUSED if answer["outcome"] == "refused" else 0)


def main(path: str, file: str, names: str, app: str, *secrets: str) -> NoReturn:
    shown = {name for name in os.environ if name in names.split(",")}
    hidden = {os.environ[name] for name in os.environ if name not in shown and not is_never_secret(name)}
    hidden |= {text.strip() for text in contents(secrets)}
    told = {os.environ[name] for name in shown}
    late = f"took more than {SECONDS:.0f} s"
    watchdog = end_after(SECONDS, {"outcome": "refused", "findings": [finding(path, late)]}, file)
    answer = check(path, hidden, told)
    watchdog.cancel()
    if app and answer["outcome"] != "refused":
        watchdog = end_after(SECONDS, {**answer, "contract": {"outcome": "failed", "why": f"{app}: {late}"}}, file)
        answer = {**answer, "contract": ask_for_document(app, hidden - told)}
        watchdog.cancel()
    end(answer, file)


def end_after(seconds: float, answer: Answer, file: str) -> threading.Timer:
    watchdog = threading.Timer(seconds, end, (answer, file))
    watchdog.daemon = True
    watchdog.start()
    return watchdog


if __name__ == "__main__":
    main(*sys.argv[1:])
