"""The script of the preflight, run as in an image: a process of its own, with the environment that it is given."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi_fleet.preflight.answer import read_answer, script
from fastapi_fleet.preflight.check_image import ANSWER_LIMIT, redacted

PYDANTIC = (
    "from typing import *\nfrom pydantic import *\nfrom pydantic_settings import *\nclass Settings(BaseSettings):\n"
)
CANARY = "c4n4ry-Secret+Value/9"
MOUNTED = ("secrets", "password", "absent")
"""A Secret as a folder of files, a key of one as a file, and one that is not there."""


class Ended:
    def __init__(self, process: subprocess.CompletedProcess[str], file: Path) -> None:
        self.code = process.returncode
        self.text = file.read_text()
        self.answer: dict[str, Any] = json.loads(self.text)

    @property
    def told(self) -> list[str]:
        return [f"{finding['where']}: {finding['what']}" for finding in self.answer["findings"]]


def ask(folder: Path, source: str, path: str = "app.config:Settings", shown: str = "", **environment: str) -> Ended:
    module = folder / "app" / "config.py"
    module.parent.mkdir(exist_ok=True)
    module.write_text(source)
    file = folder / "answer"
    secrets = [str(folder / name) for name in MOUNTED]
    process = subprocess.run(  # noqa: S603 - the interpreter of the tests, on the script under test
        [sys.executable, "-c", script(), path, str(file), shown, "", *secrets],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert file.exists(), process.stderr
    return Ended(process, file)


def test_settings_that_can_be_made_are_accepted(tmp_path: Path) -> None:
    ended = ask(tmp_path, f"{PYDANTIC} port: int", PORT="80")
    assert (ended.code, ended.answer) == (0, {"outcome": "accepted", "findings": [], "more": 0})


ABSENT = {
    "no package": ("", "other.config:Settings", "the image has no module other"),
    "no module": ("", "app.missing:Settings", "the image has no module app.missing"),
    "no class": ("", "app.config:Settings", "app.config has no Settings"),
    "no attribute of a class": (
        "class Settings: pass",
        "app.config:Settings.inner",
        "app.config has no Settings.inner",
    ),
}


@pytest.mark.parametrize(("source", "path", "what"), ABSENT.values(), ids=ABSENT.keys())
def test_image_without_the_class_passes_and_it_is_said(tmp_path: Path, source: str, path: str, what: str) -> None:
    ended = ask(tmp_path, source, path)
    assert (ended.code, ended.answer["outcome"], ended.told) == (0, "absent", [f"{path}: {what}"])


REFUSED: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "each field is named": (
        f"{PYDANTIC} port: int\n url: str\n level: Literal['INFO', 'DEBUG']",
        {"PORT": "eighty", "LEVEL": "LOUD"},
        [
            "PORT: Input should be a valid integer, unable to parse string as an integer",
            "URL: Field required",
            "LEVEL: Input should be 'INFO' or 'DEBUG'",
        ],
    ),
    "the variable has its prefix": (
        f"{PYDANTIC} model_config = SettingsConfigDict(env_prefix='shop_')\n port: int",
        {},
        ["SHOP_PORT: Field required"],
    ),
    "the alias is the variable": (
        f"{PYDANTIC} port: int = Field(validation_alias='THE_PORT')",
        {},
        ["THE_PORT: Field required"],
    ),
    "inside a value": (
        f"{PYDANTIC} pool: dict[str, int]",
        {"POOL": '{"max": "many"}'},
        ["POOL.max: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "made while the module is imported": (
        f"{PYDANTIC} port: int\nsettings = Settings()",
        {},
        ["PORT: Field required"],
    ),
    "across fields": (
        f"{PYDANTIC} low: int\n @model_validator(mode='after')\n def check(self):\n  raise ValueError('is too low')",
        {"LOW": "1"},
        ["(SETTINGS): Value error, is too low"],
    ),
    "JSON that is none": (
        f"{PYDANTIC} pool: dict[str, int]",
        {"POOL": "{"},
        [': SettingsError: error parsing value for field "pool" from source "EnvSettingsSource"'],
    ),
    "a class of no library": (
        "import os\nclass Settings:\n def __init__(self):\n  self.port = int(os.environ['PORT'])",
        {},
        ["app/config.py:4: KeyError: 'PORT'"],
    ),
    "a module that the image lacks": (
        "import sqlalchemi",
        {},
        ["app/config.py:1: ModuleNotFoundError: No module named 'sqlalchemi'"],
    ),
    "code that is none": ("class Settings(", {}, [": SyntaxError: '(' was never closed (config.py, line 1)"]),
    "an end of the process": ("import sys\nsys.exit('no settings')", {}, ["app/config.py:2: SystemExit: no settings"]),
}


@pytest.mark.parametrize(("source", "environment", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_told_by_variable(
    tmp_path: Path, source: str, environment: dict[str, str], expected: list[str]
) -> None:
    ended = ask(tmp_path, source, **environment)
    assert (ended.code, ended.answer["outcome"]) == (3, "refused")
    assert ended.told == expected


LEAKS = {
    "input of pydantic": f"{PYDANTIC} token: int",
    "message of a validator": (
        f"{PYDANTIC} token: str\n @field_validator('token')\n def check(cls, value):\n"
        "  raise ValueError(f'{value} is no token, nor is {value[4:]}')"
    ),
    "tag of a union": (
        "from typing import *\nfrom pydantic import *\nfrom pydantic_settings import *\n"
        "class A(BaseModel):\n kind: Literal['a']\nclass B(BaseModel):\n kind: Literal['b']\n"
        "class Settings(BaseSettings):\n"
        " token: str\n"
        " @model_validator(mode='after')\n"
        " def check(self):\n"
        "  TypeAdapter(Annotated[A | B, Discriminator('kind')]).validate_python({'kind': self.token})\n"
    ),
    "exception": "import os\nclass Settings:\n def __init__(self):\n  raise RuntimeError('not ' + os.environ['TOKEN'])",
    "key of a dictionary": "import os\nclass Settings:\n def __init__(self):\n  {}[os.environ['TOKEN']]",
    "end of the process": "import os, sys\nsys.exit('not ' + os.environ['TOKEN'])",
    "printed": "import os\nprint(os.environ['TOKEN'])\nclass Settings:\n def __init__(self):\n  raise ValueError('no')",
    "keys of a value": f"{PYDANTIC} token: str\n more: dict[str, int]",
}


@pytest.mark.parametrize("source", LEAKS.values(), ids=LEAKS.keys())
def test_no_value_of_a_secret_is_in_the_answer(tmp_path: Path, source: str) -> None:
    ended = ask(tmp_path, source, TOKEN=CANARY, MORE=json.dumps({CANARY: "x"}))
    assert ended.code == 3
    assert ended.answer["findings"]
    for start in range(len(CANARY) - 5):
        assert CANARY[start : start + 6] not in ended.text


@pytest.mark.parametrize("file", ["secrets/token", "password"])
def test_nothing_of_a_mounted_secret_is_in_the_answer(tmp_path: Path, file: str) -> None:
    (tmp_path / "secrets" / "..1").mkdir(parents=True)
    (tmp_path / "secrets" / "..1" / "token").write_text(f"{CANARY}\n")
    (tmp_path / "secrets" / "token").symlink_to(tmp_path / "secrets" / "..1" / "token")
    (tmp_path / "password").write_text(CANARY[::-1])
    ended = ask(tmp_path, f"from pathlib import Path\nraise ValueError('not ' + Path({file!r}).read_text())")
    assert ended.told == ["app/config.py:2: ValueError: not ***"]


def test_values_that_are_no_secret_may_show(tmp_path: Path) -> None:
    source = (
        "import os\nclass Settings:\n def __init__(self):\n  raise ValueError(os.environ['MODE'] + os.environ['TOKEN'])"
    )
    ended = ask(tmp_path, source, shown="MODE,OTHER", MODE="sandbox", TOKEN=CANARY)
    assert ended.told == ["app/config.py:4: ValueError: sandbox***"]


REDACTIONS = {
    "whole": ("no hunter2!x here", "hunter2!x", "no *** here"),
    "a part": ("begins with postgres-pass", "postgres-password", "begins with ***"),
    "short, as a word": ("pin 123 of 12345", "123", "pin *** of 12345"),
    "scheme of a URL": (
        "must look like postgresql://user:x@host",
        "postgresql://me:y@db",
        "must look like postgresql://user:x@host",
    ),
    "percent-encoded": ("password a/b?c&d", "amqp://me:a%2Fb%3Fc%26d@x", "password ***"),
    "nothing": ("Field required", "", "Field required"),
    "further lines": ("first\nsecond", "third!", "first"),
}


@pytest.mark.parametrize(("text", "secret", "expected"), REDACTIONS.values(), ids=REDACTIONS.keys())
def test_what_text_and_secret_have_in_common_is_hidden(text: str, secret: str, expected: str) -> None:
    assert redacted(text, [secret]) == expected


@pytest.mark.parametrize("name", ["field", "f\u00e4ld_" + "x" * 200])
def test_answer_always_fits_and_says_how_much_is_left_out(tmp_path: Path, name: str) -> None:
    fields = "\n".join(f" {name}_{at}: int" for at in range(500))
    ended = ask(tmp_path, PYDANTIC + fields)
    assert len(ended.text.encode()) <= ANSWER_LIMIT
    assert ended.told
    assert len(ended.told) + ended.answer["more"] == 500


def test_threads_and_handlers_of_the_image_do_not_keep_it_alive(tmp_path: Path) -> None:
    source = (
        "import atexit, threading, time\natexit.register(time.sleep, 300)\n"
        "threading.Thread(target=time.sleep, args=(300,)).start()\nclass Settings: pass"
    )
    assert ask(tmp_path, source).code == 0


def test_settings_that_do_not_come_to_an_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = script().replace("SECONDS = 60.0", "SECONDS = 0.5")
    assert hasty != script()
    monkeypatch.setitem(globals(), "script", lambda: hasty)
    ended = ask(tmp_path, "import time\ntime.sleep(300)")
    assert (ended.code, ended.told) == (3, ["app.config:Settings: took more than 0 s"])


def test_script_needs_nothing_but_the_standard_library() -> None:
    command = [sys.executable, "-I", "-S", "-c", script(), "json:JSONDecoder", "/dev/null", "", ""]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0  # noqa: S603 - as above


def test_kubelet_finds_nothing_to_expand_in_the_script() -> None:
    assert "$(" not in script()


@pytest.mark.parametrize("message", ["", "killed", "[]", '{"outcome": "fine"}', '{"outcome": "refused", "more": -1}'])
def test_what_the_script_has_not_written_is_no_answer(message: str) -> None:
    assert read_answer(message) is None
