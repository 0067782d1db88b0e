from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from app.models.welcome_mail import WelcomeMail
from app.services.welcome_message import welcome_message

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = UUID("4ee0f1f5-35b2-4e2f-a9a6-1b3c9a3f9a10")


def read(name: str = "Ada", email: str = "ada@example.com") -> EmailMessage:
    """The mail as the recipient's program reads it."""
    mail = WelcomeMail(uuid4(), EVENT, email, name, 1)
    sent = welcome_message(mail, sender="fleet@example.org", at=AT).as_bytes()
    return message_from_bytes(sent, policy=policy.default)


def test_says_to_whom_from_whom_and_why() -> None:
    message = read()
    assert (message["To"], message["From"], message["Subject"]) == (
        "Ada <ada@example.com>",
        "fleet@example.org",
        "Welcome",
    )
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().startswith("Hello Ada,")


def test_is_the_same_mail_however_often_it_is_made() -> None:
    assert {read()["Message-ID"] for _ in range(2)} == {f"<{EVENT}@example.org>"}


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"])
def test_no_name_begins_a_header(end: str) -> None:
    message = read(f"Ada{end}Bcc: all@example.com{end}{end}Another text")
    assert set(message.keys()) == set(read().keys())
    assert message["Bcc"] is None
    assert message["To"].addresses[0].addr_spec == "ada@example.com"
    assert len(message["To"].addresses) == 1


@pytest.mark.parametrize(
    "name", ['Ada "the first" <eve@example.com>', "Ada, Eve <eve@example.com>", "Ada; eve@example.com"]
)
def test_no_name_adds_a_recipient(name: str) -> None:
    (address,) = read(name)["To"].addresses
    assert address.addr_spec == "ada@example.com"


@pytest.mark.parametrize("name", ["Ådä Løvelace", "愛", "Ada 🎉", "{name} %s", "a" * 200])
def test_keeps_names_of_all_kinds(name: str) -> None:
    message = read(name)
    assert message["To"].addresses[0].display_name == name
    assert f"Hello {name}," in message.get_content().replace("\n", "")


def test_goes_to_names_of_all_kinds_by_servers_of_all_kinds() -> None:
    (address,) = read(email="ada@b\u00fccher.example")["To"].addresses
    assert address.addr_spec == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize("email", ["ada@example.com\r\nBcc: eve@example.com", "a\n@example.com"])
def test_an_address_that_cannot_stand_in_a_header_makes_no_mail(email: str) -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        read(email=email)
