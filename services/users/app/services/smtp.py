"""Mail through an SMTP server."""

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage

import aiosmtplib
from pydantic import SecretStr

DEADLINE_SECONDS = 10.0
_PERMANENT = 500


class MailNotSentError(Exception):
    """The server is away, or did not take the mail now; it may later."""


class MailRefusedError(Exception):
    """The server will never take this mail."""


@dataclass(frozen=True)
class SmtpServer:
    """Where mail goes through, and whom it is from."""

    host: str
    port: int
    sender: str
    starttls: bool = False
    username: str | None = None
    password: SecretStr | None = field(default=None, repr=False)


class SmtpMailer:
    """Sends mails, each over a connection of its own within ten seconds.

    Args:
        server: the server to give them to.
        tls_context: what to believe of its certificate; the system's authorities unless told.
    """

    def __init__(self, server: SmtpServer, tls_context: ssl.SSLContext | None = None) -> None:
        self.sender = server.sender
        self._server = server
        self._tls_context = tls_context
        # The library would ask the resolver for it, on the event loop.
        self._own_name = socket.gethostname()

    async def send(self, message: EmailMessage) -> None:
        """Returns once the server has taken the mail.

        Raises:
            MailNotSentError: it did not; where the connection broke at the very end it may have taken it all the same.
            MailRefusedError: it refuses this mail.
        """
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._send(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(refused.code >= _PERMANENT for refused in error.recipients):
                raise MailRefusedError("The recipient was refused") from None
            raise MailNotSentError("The recipient was refused for now") from None
        except aiosmtplib.SMTPDataError as error:
            reason = f"The mail was refused with {error.code}"
            raise (MailRefusedError if error.code >= _PERMANENT else MailNotSentError)(reason) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailNotSentError(type(error).__name__) from None

    async def _send(self, message: EmailMessage) -> None:
        server = self._server
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            start_tls=server.starttls,
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            local_hostname=self._own_name,
            timeout=DEADLINE_SECONDS,
            tls_context=self._tls_context,
        )
