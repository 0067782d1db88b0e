"""Sends welcome mails, one for each user.

The event `user.registered` only notes that a mail is due, in the transaction of the inbox; this sends it afterwards,
so that no transaction waits for a mail server. A mail is claimed in one transaction, given to the server outside of
any, and marked as sent in another. SMTP knows no transactions: where the process dies, or the connection breaks,
after the server took the mail and before it is marked, the mail is sent again when the claim is over. It has the same
Message-ID then, by which servers and readers can tell. In every other case the user gets it once.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Protocol

import structlog
from fleetkit.cancellation import end_if_cancelled
from fleetkit.database import Database, DatabaseUnavailableError
from prometheus_client import CollectorRegistry, Counter

from app.models.welcome_mail import WelcomeMail
from app.repositories.welcome_mails import WelcomeMailRepository
from app.services.smtp import MailNotSentError, MailRefusedError
from app.services.welcome_message import welcome_message

# Longer than a mail takes at most: who holds it then is gone.
LEASE = timedelta(seconds=30)
MAX_PAUSE = timedelta(hours=1)
MAX_ATTEMPTS = 50
POLL_SECONDS = 1.0
log = structlog.get_logger(__name__)


class Mailer(Protocol):
    """What takes mails."""

    sender: str

    async def send(self, message: EmailMessage) -> None:
        """Returns once the mail is taken.

        Raises:
            MailNotSentError: it was not; it may be later.
            MailRefusedError: it never will be.
        """


class WelcomeMailRelay:
    """Sends what is due. Any number may run on one database.

    Args:
        database: where is noted which mails are due.
        mailer: what takes them.
        first_pause: how long to wait after the first failure; each further one doubles it, up to an hour.
        registry: where the figures are.
    """

    def __init__(
        self, database: Database, mailer: Mailer, *, first_pause: timedelta, registry: CollectorRegistry
    ) -> None:
        self._database = database
        self._mailer = mailer
        self._first_pause = first_pause
        self._results = Counter("welcome_mails", "Welcome mails by what came of them", ["result"], registry=registry)

    async def run(self) -> None:
        """Sends mails until cancelled."""
        while True:
            try:
                while await self.send_next():
                    end_if_cancelled()
            except DatabaseUnavailableError:
                log.warning("Welcome mails could not be looked for")
            end_if_cancelled()
            await asyncio.sleep(POLL_SECONDS)

    async def send_next(self) -> bool:
        """Sends the mail that has been due for longest; False where there is none, or the server takes none now.

        Raises:
            DatabaseUnavailableError: try again later.
        """
        async with self._database.acquire() as connection:
            mail = await WelcomeMailRepository(connection).claim(LEASE)
        if mail is None:
            return False
        try:
            await self._mailer.send(welcome_message(mail, sender=self._mailer.sender, at=datetime.now(UTC)))
        except (MailRefusedError, ValueError) as error:
            await self._give_up(mail, str(error))
            return True
        except MailNotSentError as error:
            await self._postpone(mail, str(error))
            return False
        async with self._database.acquire() as connection:
            await WelcomeMailRepository(connection).mark_sent(mail.user_id)
        self._results.labels("sent").inc()
        return True

    async def _postpone(self, mail: WelcomeMail, reason: str) -> None:
        if mail.attempts >= MAX_ATTEMPTS:
            await self._give_up(mail, reason)
            return
        pause = min(MAX_PAUSE, self._first_pause * 2 ** min(mail.attempts - 1, 20))
        async with self._database.acquire() as connection:
            await WelcomeMailRepository(connection).postpone(mail.user_id, pause, reason)
        self._results.labels("postponed").inc()
        log.warning("Welcome mail was not sent yet", to_user=str(mail.user_id), reason=reason)

    async def _give_up(self, mail: WelcomeMail, reason: str) -> None:
        async with self._database.acquire() as connection:
            await WelcomeMailRepository(connection).give_up(mail.user_id, reason)
        self._results.labels("given_up").inc()
        log.error("Welcome mail cannot be sent", to_user=str(mail.user_id), reason=reason)
