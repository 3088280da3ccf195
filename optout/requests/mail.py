"""A letter and its lists → mail.eml, a draft that a mail program opens unsent."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from optout.requests.letters import Letter
from optout.requests.plan import RequestList

MOST = 10 * 1024 * 1024  # bytes of attachments; many mail servers refuse more than 20 MB
_TYPES = {"csv": ("text", "csv"), "txt": ("text", "plain")}
_SUBJECT = 250  # characters


def attached(files: dict[str, bytes]) -> tuple[list[str], list[str]]:
    """Which lists go along, and which are too large to: the table first, then plain lists."""
    names = [n for n in sorted(files) if n == "requests.csv"]
    names += [n for n in sorted(files) if n.startswith(("urls", "locators", "domains"))]
    along: list[str] = []
    size = 0
    for name in names:
        size += len(files[name])
        if size <= MOST:
            along.append(name)
        else:
            size -= len(files[name])
    return along, [name for name in names if name not in along]


def draft(asked: RequestList, letter: Letter, files: dict[str, bytes]) -> bytes:
    """A MIME message with X-Unsent, the letter as its text and the lists attached.

    Headers hold single clean lines only; without Date and Message-ID, which sending adds.
    """
    message = EmailMessage(policy=SMTP)
    message["X-Unsent"] = "1"
    if letter.sender.email:
        message["From"] = _address(letter.sender.name, letter.sender.email)
    if asked.recipient.channel == "mail" and asked.recipient.address:
        message["To"] = _address("", asked.recipient.address)
    message["Subject"] = f"{letter.subject[:_SUBJECT]} [{letter.reference}]"
    message.set_content(letter.text, cte="quoted-printable")
    message["Content-Language"] = letter.language.code
    for name in attached(files)[0]:
        main, sub = _TYPES[name.rsplit(".", 1)[-1]]
        message.add_attachment(files[name], maintype=main, subtype=sub, filename=name)
    if message.is_multipart():
        message.set_boundary(_boundary(letter, files))
    return message.as_bytes()


def _address(name: str, email: str) -> Address:
    user, _, domain = email.rpartition("@")
    return Address(name, user, domain)


def _boundary(letter: Letter, files: dict[str, bytes]) -> str:
    """Made from the content, so that two runs give the same bytes; nobody can foresee it."""
    content = hashlib.sha256(letter.text.encode("utf-8", "replace"))
    for name in sorted(files):
        content.update(hashlib.sha256(files[name]).digest())
    return "optout-" + content.hexdigest()[:32]
