"""How commands of a page are found, run and held to what the page says. A page that lies has to be found out."""

import os
from pathlib import Path

import pytest
from tutorial import Step, broken_promises, play, renamed, steps_of, without


def lies(page: str, folder: Path) -> list[str]:
    steps = steps_of(page)
    return broken_promises(steps, play(steps, folder, os.environ, timeout=20))


def console(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```"])


def test_commands_are_those_of_console_and_sh_in_order() -> None:
    page = "\n".join(
        [
            "# A",
            console("$ one", "said", "$ two <<E", "> in", "> E"),
            "```yaml",
            "$ no",
            "```",
            "```sh",
            "three",
            "four",
            "```",
        ]
    )
    assert steps_of(page) == [Step(3, "one", ("said",)), Step(5, "two <<E\nin\nE"), Step(13, "three\nfour")]


def test_block_that_begins_with_output_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: a block of commands begins with"):
        steps_of(console("said", "$ one"))


@pytest.mark.parametrize(
    "page",
    [
        console("$ echo hello", "hello"),
        console("$ echo hello"),
        console("$ echo 'a   b'", "a b"),
        console("$ echo orders True 12s", "orders   True   …"),
        console("$ seq 9", "1", "…", "9"),
        console("$ seq 2", "1", "2", "…"),
        console("$ cat <<E", "> text", "> E", "text"),
        console("$ echo wrong >&2; false", "wrong", "$ echo $?", "1"),
        console("$ x=1", "$ cd /", "$ echo $x $PWD", "1 /"),
        console("$ sleep 60 &", "$ echo on", "on"),
    ],
)
def test_page_that_tells_the_truth_has_no_lies(page: str, tmp_path: Path) -> None:
    assert lies(page, tmp_path) == []


@pytest.mark.parametrize(
    "page",
    [
        console("$ echo hello", "good day"),
        console("$ seq 9", "1", "9"),
        console("$ seq 2", "2", "…", "1"),
        console("$ seq 3", "1", "2"),
        console("$ true", "something"),
        console("$ echo orders False", "orders True"),
        console("$ false"),
        console("$ true", "$ echo $?", "1"),
    ],
)
def test_page_that_does_not_is_found_out(page: str, tmp_path: Path) -> None:
    (lie,) = lies(page, tmp_path)
    assert lie.startswith("line ")


def test_nothing_runs_after_a_command_that_fails(tmp_path: Path) -> None:
    failed, rest = lies(console("$ ls absent", "$ touch made"), tmp_path)
    assert "line 2: ls absent\nended with 2" in failed
    assert rest == "line 3 and what follows was not reached"
    assert list(tmp_path.iterdir()) == []


def test_page_that_takes_too_long_tells_where(tmp_path: Path) -> None:
    steps = steps_of(console("$ echo on", "on", "$ sleep 60"))
    assert broken_promises(steps, play(steps, tmp_path, os.environ, timeout=1)) == [
        "line 4 and what follows was not reached"
    ]


def test_what_was_done_before_is_not_done_again() -> None:
    assert without(steps_of(console("$ make up", "$ echo on", "on")), {"make up"}) == [Step(3, "echo on", ("on",))]


def test_another_name_stands_in_commands_and_in_what_they_print() -> None:
    steps = renamed(steps_of(console("$ echo -n shop; echo shopping", "shop/shopping")), "shop", "other")
    assert steps == [Step(2, "echo -n other; echo shopping", ("other/shopping",))]
