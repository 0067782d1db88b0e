"""Asks each of some URLs at a constant rate, and tells each second how often it asked and what went wrong.

It begins to count with the first answer: routing and network policies hear of a new pod some time after it runs.
"""

import json
import sys
import threading
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PERIOD_SECONDS = 0.05
TIMEOUT_SECONDS = 5.0


@dataclass
class Tally:
    """What became of the requests to one URL."""

    url: str
    asked: int = 0
    failures: list[str] = field(default_factory=list)

    def ask(self) -> None:
        self.asked += 1
        failure = self._failure()
        if failure is not None:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {failure}")

    def ask_for_ever(self) -> None:
        while self._failure() is not None:
            time.sleep(PERIOD_SECONDS)
        due = time.monotonic()
        while True:
            self.ask()
            due += PERIOD_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))

    def _failure(self) -> str | None:
        """Of one request over a connection of its own, which goes to any of the pods that are there."""
        try:
            status = self._status()
        except (OSError, HTTPException) as error:
            return repr(error)
        return None if status == HTTPStatus.OK else f"status {status}"

    def _status(self) -> int:
        url = urlsplit(self.url)
        with closing(HTTPConnection(url.netloc, timeout=TIMEOUT_SECONDS)) as connection:
            connection.request("GET", url.path)
            answer = connection.getresponse()
            answer.read()
            return answer.status


def main() -> None:
    tallies = [Tally(url) for url in sys.argv[1:]]
    for tally in tallies:
        threading.Thread(target=tally.ask_for_ever, daemon=True).start()
    while True:
        time.sleep(1)
        sys.stdout.write(json.dumps([asdict(tally) for tally in tallies]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
