"""The server that mail is given to: reached as the settings say, with its certificate checked."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from annexa.pure.mails import MailServer

TIMEOUT = 20
"""Seconds for each answer of the server."""


class MailError(Exception):
    """A mail was not taken. `lasting`: trying again brings nothing. `server`: it is not about this mail alone."""

    def __init__(self, says: str, *, lasting: bool = False, server: bool = False) -> None:
        self.lasting, self.server = lasting, server
        super().__init__(says)


def give(message: EmailMultiAlternatives) -> None:
    """Gives one mail to the server of the settings. Raises MailError."""
    server: MailServer | None = settings.MAIL
    if server is None:
        raise MailError("No mail is sent: ANNEXA_SMTP_URL is not set.", server=True)
    with _connected(server) as connection:
        message.connection = connection
        message.send()


def reach() -> None:
    """Looks whether the server of the settings can be reached and lets us in; sends nothing. Raises MailError."""
    server: MailServer | None = settings.MAIL
    if server is None:
        raise MailError("No mail is sent: ANNEXA_SMTP_URL is not set.", server=True)
    with _connected(server):
        pass


@contextmanager
def _connected(server: MailServer) -> Iterator[Any]:
    """An open connection, closed again whatever happens. Raises MailError."""
    connection = get_connection(
        "django.core.mail.backends.smtp.EmailBackend", host=server.host, port=server.port, username=server.user or None,
        password=server.password or None, use_tls=server.security == "starttls", use_ssl=server.security == "tls",
        timeout=TIMEOUT,
    )  # fmt: skip
    try:
        connection.open()
        yield connection
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _said(server, error) from error
    finally:
        with suppress(smtplib.SMTPException, OSError):
            connection.close()


def _said(server: MailServer, error: Exception) -> MailError:
    """What went wrong in one line, and whether it lasts."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()))
            return MailError(f"{server.host} refused the address: {code} {_words(words)}", lasting=code >= 500)
        case smtplib.SMTPAuthenticationError():
            return MailError(
                f"{server.host} did not let us in: {error.smtp_code} {_words(error.smtp_error)}", server=True
            )
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return MailError(
                f"{server.host} does not talk to us: {error.smtp_code} {_words(error.smtp_error)}", server=True
            )
        case smtplib.SMTPResponseException():
            return MailError(f"{server.host} refused it: {_answer(error)}", lasting=error.smtp_code >= 500)
        case smtplib.SMTPException() | OSError():
            return MailError(f"{server.host}:{server.port} cannot be reached: {error}", server=True)
        case _:
            return MailError(f"The mail cannot be written: {error}", lasting=True)


def _answer(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_words(error.smtp_error)}"


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())
