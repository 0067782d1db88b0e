"""Lines of logs in words."""

import json

import pytest
from fastapi_fleet.report.log_lines import readable


def test_line_of_a_service_is_put_into_words() -> None:
    line = {
        "event": "Order placed",
        "order": 7,
        "by": "Ann B",
        "level": "info",
        "timestamp": "2026-01-01T10:00:00Z",
        "request_id": "a1",
    }
    read = readable(json.dumps(line))
    assert (read.level, read.text) == (
        "info",
        '2026-01-01T10:00:00Z info    Order placed order=7 by="Ann B" request_id=a1',
    )


@pytest.mark.parametrize("line", ["plain words", "", "{broken", '["a"]', '{"no": "event"}', '{"event": 3}'])
def test_any_other_line_stays_as_it_is(line: str) -> None:
    assert (readable(line).level, readable(line).text) == ("", line)


def test_exceptions_are_told_below_their_line() -> None:
    text = readable(json.dumps({"event": "failed", "exception": "Traceback:\n  at x\nKeyError: 1"}))
    assert text.details == ("Traceback:", "  at x", "KeyError: 1")
    frames = [{"filename": "app/main.py", "lineno": 3, "name": "run"}]
    raised = [{"exc_type": "KeyError", "exc_value": "'a'", "frames": frames}]
    listed = readable(json.dumps({"event": "failed", "exception": raised}))
    assert listed.details == ('  File "app/main.py", line 3, in run', "KeyError: 'a'")


def test_nothing_in_a_line_steers_the_terminal() -> None:
    assert readable("a\x1b[2Jb\tc\r").text == "a\\x1b[2Jb\tc\\r"
    assert "\x1b" not in readable(json.dumps({"event": "\x1b]0;title\x07", "exception": "\x1b[31m"})).text
    assert "\x1b" not in readable(json.dumps({"event": "x", "exception": "\x1b[31m"})).details[0]
