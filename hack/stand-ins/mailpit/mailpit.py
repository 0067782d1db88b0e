#!/usr/bin/python3
"""Takes every mail over SMTP (port 1025), delivers none, and shows the newest 500 on a page and by an API (port 8025).

Of Mailpit's API there are /api/v1/messages, /api/v1/message/ID and /api/v1/search, whose query is to:ADDRESS. Mails are
kept in memory. `mailpit readyz` exits with 0 once it answers.
"""

import email
import email.policy
import html
import json
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen
from uuid import uuid4

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SMTP_PORT = 1025
HTTP_PORT = 8025


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    id: str = field(default_factory=lambda: uuid4().hex)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain", "html"))
        return "" if body is None else str(body.get_content())

    def summary(self) -> dict[str, object]:
        return {
            "ID": self.id,
            "From": {"Name": "", "Address": self.sender},
            "To": [{"Name": "", "Address": recipient} for recipient in self.recipients],
            "Subject": self.subject,
            "Created": self.created.isoformat(),
            "Snippet": self.text[:250],
        }


class Mailbox:
    """The handler that aiosmtpd gives its mails to."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque(maxlen=500)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        if not isinstance(message, EmailMessage):
            raise TypeError("the default policy makes an EmailMessage")
        self._mails.appendleft(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        return "250 OK"

    def newest(self, recipient: str | None = None) -> list[Mail]:
        return [mail for mail in list(self._mails) if recipient is None or recipient in mail.recipients]


def summaries(mails: list[Mail]) -> dict[str, object]:
    return {"total": len(mails), "messages_count": len(mails), "messages": [mail.summary() for mail in mails]}


def page(mails: list[Mail]) -> str:
    rows = "".join(
        f"<h2>{html.escape(mail.subject)}</h2><p>{mail.created:%F %T} UTC, {html.escape(mail.sender)} to "
        f"{html.escape(', '.join(mail.recipients))}</p><pre>{html.escape(mail.text)}</pre>"
        for mail in mails
    )
    return f"<!doctype html><meta charset=utf-8><title>Mail</title><h1>{len(mails)} mails</h1>{rows}"


class Website(ThreadingHTTPServer):
    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(("0.0.0.0", HTTP_PORT), Handler)  # noqa: S104 - a container's
        self.mailbox = mailbox


class Handler(BaseHTTPRequestHandler):
    server: Website

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case [""]:
                self._answer(page(self.server.mailbox.newest()), "text/html; charset=utf-8")
            case ["livez" | "readyz"]:
                self._answer("ok", "text/plain")
            case ["api", "v1", "messages"]:
                self._answer_json(summaries(self.server.mailbox.newest()))
            case ["api", "v1", "search"]:
                self._search(parse_qs(url.query).get("query", [""])[0])
            case ["api", "v1", "message", mail_id]:
                self._show(mail_id)
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def _search(self, query: str) -> None:
        if query.startswith("to:"):
            self._answer_json(summaries(self.server.mailbox.newest(query.removeprefix("to:").strip('"'))))
        else:
            self.send_error(HTTPStatus.BAD_REQUEST, "a query is to:ADDRESS")

    def _show(self, mail_id: str) -> None:
        for mail in self.server.mailbox.newest():
            if mail.id == mail_id:
                return self._answer_json(mail.summary() | {"Text": mail.text})
        return self.send_error(HTTPStatus.NOT_FOUND)

    def _answer_json(self, body: dict[str, object]) -> None:
        self._answer(json.dumps(body), "application/json")

    def _answer(self, body: str, content_type: str) -> None:
        content = body.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def check_ready() -> int:
    with urlopen(f"http://127.0.0.1:{HTTP_PORT}/readyz", timeout=3) as answer:
        return 0 if answer.status == HTTPStatus.OK else 1


def serve() -> int:
    stopping = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    mailbox = Mailbox()
    smtp = Controller(mailbox, hostname="0.0.0.0", port=SMTP_PORT, decode_data=False)  # noqa: S104 - a container's
    smtp.start()
    threading.Thread(target=Website(mailbox).serve_forever, daemon=True).start()
    signal.sigwait(stopping)
    smtp.stop()
    return 0


COMMANDS: dict[tuple[str, ...], Callable[[], int]] = {(): serve, ("readyz",): check_ready}

if __name__ == "__main__":
    sys.exit(COMMANDS[tuple(sys.argv[1:])]())
