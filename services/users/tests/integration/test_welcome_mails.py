import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID, uuid4

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from app.config import Settings
from app.main import MIGRATIONS, create_app
from app.repositories.welcome_mails import WelcomeMailRepository
from app.services.smtp import MailNotSentError
from app.services.welcome_mails import MAX_ATTEMPTS, WelcomeMailRelay
from fleetkit.database import Database, Row
from fleetkit.migrations import migrate
from fleetkit.testing import eventually, running_app
from fleetkit.testing.brokers import BACKENDS, BrokerPlace
from prometheus_client import CollectorRegistry

ADA = {"email": "ada@example.com", "name": "Ada"}


class Inboxes:
    """Takes mails, or answers what a test tells it to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"
        self.answer_to_recipient = "250 OK"
        self.asked = 0

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        self.asked += 1
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.answer.startswith("250") and isinstance(envelope.content, bytes):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.recipients.extend(envelope.rcpt_tos)
        return self.answer


@pytest.fixture
def inboxes() -> Inboxes:
    return Inboxes()


@pytest.fixture
def mail_server(inboxes: Inboxes, unused_tcp_port: int) -> Iterator[Controller]:
    controller = Controller(inboxes, hostname="127.0.0.1", port=unused_tcp_port)
    # It logs from a thread of its own, after the output that a test captures is closed.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    controller.start()
    yield controller
    if controller.loop.is_running():
        controller.stop()


@pytest.fixture
def with_mail(settings: Settings, mail_server: Controller) -> Settings:
    mail = {
        "smtp_host": mail_server.hostname,
        "smtp_port": mail_server.port,
        "mail_from": "fleet@example.org",
        "mail_retry_seconds": 0.05,
    }
    return Settings.model_validate(settings.model_dump() | mail)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_app(create_app(settings)) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client


async def has_consumed(client: httpx2.AsyncClient, result: str, times: int = 1) -> None:
    sample = f'events_consumed_total{{result="{result}",type="user.registered"}} {float(times)}'

    async def is_consumed() -> bool:
        return sample in (await client.get("/metrics")).text

    await eventually(is_consumed)


async def has_counted(client: httpx2.AsyncClient, result: str) -> None:
    async def is_counted() -> bool:
        return f'welcome_mails_total{{result="{result}"}}' in (await client.get("/metrics")).text

    await eventually(is_counted)


async def test_a_new_user_gets_a_mail(with_mail: Settings, inboxes: Inboxes) -> None:
    async with serving(with_mail) as client:
        await client.post("/users", json=ADA)
        await has_counted(client, "sent")
    (mail,) = inboxes.mails
    assert inboxes.recipients == ["ada@example.com"]
    assert (mail["To"], mail["From"], mail["Subject"]) == ("Ada <ada@example.com>", "fleet@example.org", "Welcome")
    assert "Hello Ada," in mail.get_content()


def registered_again(user_id: str, event_id: UUID) -> str:
    data = {"user_id": user_id, **ADA, "role": "member"}
    event = {"specversion": "1.0", "source": "/users", "type": "user.registered", "time": "2026-01-01T00:00:00Z"}
    return json.dumps({**event, "id": str(event_id), "data": data})


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_user_gets_one_mail_however_often_the_event_comes(
    with_mail: Settings, inboxes: Inboxes, broker: BrokerPlace
) -> None:
    async with serving(with_mail) as client:
        user_id = (await client.post("/users", json=ADA)).json()["id"]
        await has_counted(client, "sent")
        event_id = uuid4()
        for event in (event_id, event_id, uuid4()):
            assert await broker.publish("user.registered", registered_again(user_id, event))
        await has_consumed(client, "duplicate")
        await has_consumed(client, "applied", 3)
        # The mail of a later user is sent after what would be sent to the first once more.
        await client.post("/users", json={"email": "bob@example.com", "name": "Bob"})

        async def bob_has_mail() -> bool:
            return "bob@example.com" in inboxes.recipients

        await eventually(bob_has_mail)
    assert inboxes.recipients == ["ada@example.com", "bob@example.com"]


@pytest.mark.parametrize("answer", ["451 Try again later", "421 Shutting down"])
async def test_a_mail_that_is_not_taken_now_is_sent_later(with_mail: Settings, inboxes: Inboxes, answer: str) -> None:
    inboxes.answer = answer
    async with serving(with_mail) as client:
        await client.post("/users", json=ADA)
        await has_counted(client, "postponed")
        inboxes.answer = "250 OK"
        await has_counted(client, "sent")
    assert inboxes.recipients == ["ada@example.com"]


async def test_users_register_while_the_mail_server_is_away_and_get_their_mail_later(
    with_mail: Settings, mail_server: Controller, inboxes: Inboxes
) -> None:
    mail_server.stop()
    async with serving(with_mail) as client:
        assert (await client.post("/users", json=ADA)).status_code == 201
        await has_counted(client, "postponed")
        back = Controller(inboxes, hostname=mail_server.hostname, port=mail_server.port)
        back.start()
        try:
            await has_counted(client, "sent")
        finally:
            back.stop()
    assert inboxes.recipients == ["ada@example.com"]


async def test_a_recipient_who_is_refused_is_not_tried_again(with_mail: Settings, inboxes: Inboxes) -> None:
    inboxes.answer_to_recipient = "550 No such user"
    async with serving(with_mail) as client:
        await client.post("/users", json=ADA)
        await has_counted(client, "given_up")
        inboxes.answer_to_recipient = "250 OK"
        await client.post("/users", json={"email": "bob@example.com", "name": "Bob"})
        await has_counted(client, "sent")
    assert (inboxes.recipients, inboxes.asked) == (["bob@example.com"], 2)


async def test_no_mail_server_means_no_mail_and_no_backlog(
    settings: Settings, with_mail: Settings, inboxes: Inboxes, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings) as client:
        await client.post("/users", json=ADA)
        await has_consumed(client, "applied")
        assert "welcome_mails" not in (await client.get("/metrics")).text
    assert capsys.readouterr().out.count("No mail is sent") == 1
    async with serving(with_mail) as client:
        await client.post("/users", json={"email": "bob@example.com", "name": "Bob"})
        await has_counted(client, "sent")
    assert inboxes.recipients == ["bob@example.com"]


async def test_a_name_adds_no_header_and_no_recipient(with_mail: Settings, inboxes: Inboxes) -> None:
    name = 'Ada\u2028Bcc: eve@example.com, "Eve" <eve@example.com>'
    async with serving(with_mail) as client:
        assert (await client.post("/users", json={**ADA, "name": name})).status_code == 201
        await has_counted(client, "sent")
    assert inboxes.recipients == ["ada@example.com"]
    assert inboxes.mails[0]["Bcc"] is None


class Mailer:
    """Remembers mails; each waits until it is let go, and fails with what a test sets."""

    sender = "fleet@example.org"

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.released = asyncio.Event()
        self.failure: Exception | None = None

    async def send(self, message: EmailMessage) -> None:
        self.mails.append(message)
        await self.released.wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    await migrate(settings.database_url, MIGRATIONS)
    async with Database(settings, application_name="test") as database:
        await database.open()
        async with database.acquire() as connection:
            user_id = uuid4()
            await connection.execute("INSERT INTO users (id, email, name) VALUES ($1, $2, $3)", user_id, *ADA.values())
            await WelcomeMailRepository(connection).add(user_id, event_id=uuid4())
        yield database


def relay_of(database: Database, mailer: Mailer) -> WelcomeMailRelay:
    return WelcomeMailRelay(database, mailer, first_pause=timedelta(seconds=1), registry=CollectorRegistry())


async def only_row(database: Database) -> Row:
    async with database.acquire() as connection:
        row = await connection.fetchrow("SELECT *, next_attempt_at = 'infinity' AS is_over FROM welcome_mails")
    assert row is not None
    return row


async def test_no_transaction_is_open_while_the_mail_server_is_slow_and_no_other_process_sends_the_mail(
    database: Database,
) -> None:
    slow, other = Mailer(), Mailer()
    sending = asyncio.create_task(relay_of(database, slow).send_next())

    async def is_sending() -> bool:
        return bool(slow.mails)

    await eventually(is_sending)
    assert database.pool_size()[0] == database.pool_size()[1]
    assert not await relay_of(database, other).send_next()
    slow.released.set()
    assert await sending
    assert other.mails == []
    row = await only_row(database)
    assert row["sent_at"] is not None
    assert row["is_over"]


async def test_a_mail_whose_process_died_is_sent_again_as_the_same_mail(database: Database) -> None:
    dying, next_one = Mailer(), Mailer()
    sending = asyncio.create_task(relay_of(database, dying).send_next())

    async def is_sending() -> bool:
        return bool(dying.mails)

    await eventually(is_sending)
    sending.cancel()
    await asyncio.wait({sending})
    async with database.acquire() as connection:
        await connection.execute("UPDATE welcome_mails SET next_attempt_at = next_attempt_at - interval '30 seconds'")
    next_one.released.set()
    assert await relay_of(database, next_one).send_next()
    assert dying.mails[0]["Message-ID"] == next_one.mails[0]["Message-ID"]
    assert not await relay_of(database, next_one).send_next()


@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS - 1, MAX_ATTEMPTS])
async def test_ends_trying_after_so_many_attempts(database: Database, attempts: int) -> None:
    mailer = Mailer()
    mailer.failure = MailNotSentError("SMTPConnectError")
    mailer.released.set()
    async with database.acquire() as connection:
        await connection.execute("UPDATE welcome_mails SET attempts = $1", attempts - 1)
    assert not await relay_of(database, mailer).send_next()
    row = await only_row(database)
    assert (row["attempts"], row["last_error"], row["sent_at"]) == (attempts, "SMTPConnectError", None)
    assert row["is_over"] == (attempts == MAX_ATTEMPTS)


async def test_a_deleted_user_gets_no_mail(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM users")
        await WelcomeMailRepository(connection).add(uuid4(), event_id=uuid4())
    mailer = Mailer()
    assert not await relay_of(database, mailer).send_next()
    assert mailer.mails == []
