import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from app.services.smtp import MailNotSentError, SmtpMailer, SmtpServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fleetkit.testing import eventually
from pydantic import SecretStr

ADDRESS = "127.0.0.1"
NAME, PASSWORD = "fleet", "hunter2"
MAIL = EmailMessage()
MAIL["From"], MAIL["To"] = "fleet@example.org", "ada@example.com"


class Inbox:
    """Takes mails, remembers which logins were tried, and accepts one."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        self.recipients.extend(envelope.rcpt_tos)
        return "250 OK"

    def log_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.logins.append((given.login, given.password))
        return AuthResult(success=self.logins[-1] == (NAME.encode(), PASSWORD.encode()), handled=True)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this address that is its own authority, with its key."""
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ADDRESS)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ADDRESS))]), critical=False)
        .sign(key, None)
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
async def server(inbox: Inbox, certificate: Path) -> AsyncIterator[SmtpServer]:
    """A server that takes mail over an encrypted connection from those who log in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    sessions: list[SMTP] = []

    def answer() -> SMTP:
        session = SMTP(
            inbox, tls_context=context, require_starttls=True, authenticator=inbox.log_in, auth_required=True
        )
        sessions.append(session)
        return session

    # Not by the library's controller: it stops its event loop without waiting for the sessions that are ending on it.
    listening = await asyncio.get_running_loop().create_server(answer, ADDRESS, 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield SmtpServer(ADDRESS, port, "fleet@example.org", True, NAME, SecretStr(PASSWORD))

    async def are_over() -> bool:
        return all(session.transport is None for session in sessions)

    await eventually(are_over)


def believing(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_logs_in_over_an_encrypted_connection(server: SmtpServer, certificate: Path, inbox: Inbox) -> None:
    await SmtpMailer(server, believing(certificate)).send(MAIL)
    assert inbox.recipients == ["ada@example.com"]
    assert inbox.logins == [(NAME.encode(), PASSWORD.encode())]


async def test_gives_no_password_to_a_server_that_cannot_prove_who_it_is(server: SmtpServer, inbox: Inbox) -> None:
    with pytest.raises(MailNotSentError):
        await SmtpMailer(server).send(MAIL)
    assert (inbox.recipients, inbox.logins) == ([], [])


async def test_a_wrong_password_is_no_refusal_of_the_mail_and_is_not_told(
    server: SmtpServer, certificate: Path, inbox: Inbox
) -> None:
    wrong = replace(server, password=SecretStr("hunter3"))
    with pytest.raises(MailNotSentError) as caught:
        await SmtpMailer(wrong, believing(certificate)).send(MAIL)
    assert inbox.logins == [(NAME.encode(), b"hunter3")]
    assert "hunter3" not in repr(caught.value) + repr(wrong)
    assert caught.value.__cause__ is None


async def test_a_mail_that_has_to_go_encrypted_waits_for_that(server: SmtpServer, inbox: Inbox) -> None:
    with pytest.raises(MailNotSentError):
        await SmtpMailer(replace(server, starttls=False, username=None, password=None)).send(MAIL)
    assert inbox.recipients == []
