"""What a welcome mail says."""

from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

import idna

from app.models.welcome_mail import WelcomeMail

_TEXT = """\
Hello {name},

your account is ready. You log in with this e-mail address.

If you did not ask for an account, you can ignore this mail.
"""


def welcome_message(mail: WelcomeMail, *, sender: str, at: datetime) -> EmailMessage:
    """Writes the mail. Its Message-ID follows from the event: however often it is sent, it is the same mail.

    Raises:
        ValueError: the address cannot stand in a header.
    """
    # Whatever kind of line end or control character a name has, it does not begin another header.
    name = " ".join("".join(character if character.isprintable() else " " for character in mail.name).split())
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(mail.email, name)
    message["Subject"] = "Welcome"
    message["Date"] = at
    message["Message-ID"] = f"<{mail.event_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT.format(name=name))
    return message


def _address(email: str, name: str = "") -> Address:
    local_part, _, domain = email.rpartition("@")
    # As the name system has it: many mail servers take no other form.
    return Address(name, local_part, idna.encode(domain, uts46=True).decode())
