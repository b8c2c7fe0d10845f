"""The address of a server for mail, as settings name it: smtp+starttls://user:password@host:587."""

from typing import Final
from urllib.parse import unquote, urlsplit

from annexa.pure.mails import MailServer, Security

SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465),
}  # fmt: skip
"""What an address of a server begins with: how it is encrypted, and the usual port."""
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class MailUrlError(ValueError):
    """The address of the server that sends mail is wrong; says why, and never repeats the password."""


def read_server(url: str) -> MailServer:
    """The server behind smtp+starttls://user:password@host:587. Raises MailUrlError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MailUrlError("host or port cannot be read") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise MailUrlError("write smtp+starttls://user:password@host:587, smtps://… or smtp://…")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise MailUrlError("nothing follows the port; characters such as / or # in a password are percent-encoded")
    security, usual = SCHEMES[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if port == 0 or any(not one.isprintable() for one in (parts.hostname, user, password)):
        raise MailUrlError("it holds characters or a port that no server has")
    if bool(user) != bool(password):
        raise MailUrlError("name both user and password, or neither")
    if user and security == "none" and parts.hostname not in LOCAL:
        raise MailUrlError("smtp: would tell the password to everybody on the way; write smtp+starttls: or smtps:")
    return MailServer(host=parts.hostname, port=port or usual, security=security, user=user, password=password)
