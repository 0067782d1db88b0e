"""The script asked for the OpenAPI document of an application, run as in an image."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi_fleet.preflight.answer import DocumentAnswer, read_answer, script
from fastapi_fleet.preflight.check_image import DOCUMENT_LIMIT
from fastapi_fleet.preflight.document import compressed_in, read_document

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/users')\ndef users() -> list[str]: ...\n"
FAKE = "class App:\n def openapi(self):\n  return {document}\napp = App()\n"
CANARY = "c4n4ry-Secret+Value/9"


class Asked:
    def __init__(self, process: subprocess.CompletedProcess[bytes], file: Path) -> None:
        answer = read_answer(file.read_text())
        assert answer is not None, process.stderr
        self.text = file.read_text() + process.stdout.decode(errors="replace")
        self.code, self.log = process.returncode, process.stdout.split(b"\n")
        self.contract: DocumentAnswer | None = answer.contract

    @property
    def told(self) -> tuple[str, str]:
        assert self.contract is not None
        return self.contract.outcome, self.contract.why

    @property
    def document(self) -> Any:
        assert self.contract is not None
        compressed = compressed_in(self.log, self.contract.digest, self.contract.lines)
        assert compressed is not None
        return read_document(compressed)


def ask(folder: Path, source: str, app: str = "app.main:app", source_of_script: str = "", **environment: str) -> Asked:
    module = folder / "app" / "main.py"
    module.parent.mkdir(exist_ok=True)
    module.write_text(source)
    file = folder / "answer"
    process = subprocess.run(  # noqa: S603 - the interpreter of the tests, on the script under test
        [
            sys.executable,
            "-c",
            source_of_script or script(),
            "app.config:Settings",
            str(file),
            "MODE",
            app,
            str(folder / "token"),
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Asked(process, file)


def test_document_of_an_application_is_printed(tmp_path: Path) -> None:
    asked = ask(tmp_path, FASTAPI)
    assert (asked.code, asked.told) == (0, ("made", ""))
    assert asked.document["openapi"].startswith("3.1")
    assert list(asked.document["paths"]) == ["/users"]


MADE = {
    "function": ("app.main:make", FASTAPI + "def make(): return app\ndel globals()['users']"),
    "function that nobody named": ("app.main:app", FASTAPI.replace("app", "other") + "def create_app(): return other"),
    "attribute": ("app.main:Box.inner", FASTAPI + "class Box: inner = app"),
    "printed over": ("app.main:app", "print('x' * 9000)\n" + FASTAPI + "print('no end of line', end='')"),
    "without standard output": ("app.main:app", "import sys, io\nsys.stdout = io.StringIO()\n" + FASTAPI),
}


@pytest.mark.parametrize(("app", "source"), MADE.values(), ids=MADE.keys())
def test_application_is_found(tmp_path: Path, app: str, source: str) -> None:
    assert list(ask(tmp_path, source, app).document["paths"]) == ["/users"]


ABSENT = {
    "no module": ("other.main:app", "", "other.main:app: the image has no module other"),
    "no attribute": ("app.main:app", "", "app.main:app: app.main has no app"),
    "no document": ("app.main:app", "app = object()", "app.main:app: it has no OpenAPI document"),
    "a function of no application": (
        "app.main:app",
        "def app(): return None",
        "app.main:app: it has no OpenAPI document",
    ),
}


@pytest.mark.parametrize(("app", "source", "why"), ABSENT.values(), ids=ABSENT.keys())
def test_image_without_a_document_passes_and_it_is_said(tmp_path: Path, app: str, source: str, why: str) -> None:
    asked = ask(tmp_path, source, app)
    assert (asked.code, asked.told) == (0, ("absent", why))


FAILED = {
    "import": ("import os\nos.environ['NOT_THERE']", "app/main.py:2: KeyError: 'NOT_THERE'"),
    "end of the process": ("import sys\nsys.exit('no ' + 'way')", "app/main.py:2: SystemExit: no way"),
    "function": ("def create_app():\n raise RuntimeError('too early')", "app/main.py:2: RuntimeError: too early"),
    "no JSON": (
        FAKE.format(document="{'openapi': object()}"),
        "TypeError: Object of type object is not JSON serializable",
    ),
    "too long": (
        FAKE.format(document=f"{{'openapi': 'x' * {DOCUMENT_LIMIT}}}"),
        f"the document has {DOCUMENT_LIMIT + 14} bytes, more than {DOCUMENT_LIMIT}",
    ),
}


@pytest.mark.parametrize(("source", "why"), FAILED.values(), ids=FAILED.keys())
def test_document_that_cannot_be_made_fails_no_job(tmp_path: Path, source: str, why: str) -> None:
    asked = ask(tmp_path, source)
    assert (asked.code, asked.told) == (0, ("failed", why))


def test_nothing_is_asked_without_an_application(tmp_path: Path) -> None:
    assert ask(tmp_path, "raise RuntimeError", app="").contract is None


def test_nothing_is_asked_where_settings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "config.py").write_text("raise ValueError")
    asked = ask(tmp_path, FASTAPI)
    assert (asked.code, asked.contract) == (3, None)


def test_document_that_does_not_come_to_an_end_fails(tmp_path: Path) -> None:
    hasty = script().replace("SECONDS = 60.0", "SECONDS = 0.5")
    asked = ask(tmp_path, "import time\ntime.sleep(300)", source_of_script=hasty)
    assert (asked.code, asked.told) == (0, ("failed", "app.main:app: took more than 0 s"))


LEAKS = {
    "default": "{'openapi': '3.1.0', 'paths': {'/': {'get': {'parameters': [{'schema': {'default': KEY}}]}}}}",
    "in a text": "{'openapi': '3.1.0', 'components': {'schemas': {'A': {'description': 'not ' + KEY}}}}",
    "in a list": "{'openapi': '3.1.0', 'components': {'schemas': {'A': {'enum': [KEY]}}}}",
}


@pytest.mark.parametrize("document", LEAKS.values(), ids=LEAKS.keys())
def test_no_value_of_a_secret_is_in_the_document(tmp_path: Path, document: str) -> None:
    asked = ask(tmp_path, f"import os\nKEY = os.environ['TOKEN']\n{FAKE.format(document=document)}", TOKEN=CANARY)
    assert "***" in json.dumps(asked.document)
    assert CANARY not in json.dumps(asked.document)


def test_nothing_of_a_mounted_secret_is_in_the_document(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{CANARY}\n")
    source = "from pathlib import Path\nKEY = Path('token').read_text().strip()\n"
    asked = ask(tmp_path, source + FAKE.format(document=LEAKS["default"]))
    assert "***" in json.dumps(asked.document)
    assert CANARY not in json.dumps(asked.document)


def test_no_value_of_a_secret_is_in_the_answer(tmp_path: Path) -> None:
    asked = ask(tmp_path, "import os\nraise ValueError(os.environ['TOKEN'])", TOKEN=CANARY)
    assert asked.told == ("failed", "app/main.py:2: ValueError: ***")
    assert CANARY not in asked.text


def test_names_and_values_that_are_no_secret_stay_in_the_document(tmp_path: Path) -> None:
    document = {
        "openapi": "3.1.0",
        "components": {
            "schemas": {
                "Customer": {
                    "required": ["customers"],
                    "default": "production",
                    "$ref": "#/components/schemas/customers",
                }
            }
        },
    }
    asked = ask(tmp_path, FAKE.format(document=document), MODE="production", DB_NAME="customers", SHORT="string")
    assert asked.document == document


def test_titles_and_servers_are_left_out(tmp_path: Path) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "A"}, "servers": [{"url": "x"}], "paths": {}}
    assert ask(tmp_path, FAKE.format(document=document)).document == {"openapi": "3.1.0", "paths": {}}
