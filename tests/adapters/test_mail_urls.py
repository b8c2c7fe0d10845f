"""The address of a server for mail: read whole, or refused with a sentence that does not repeat the password."""

import pytest

from annexa.adapters.mail_urls import MailUrlError, read_server
from annexa.pure.mails import MailServer


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp+starttls://ada:s%40fe@mail.example.org", ("mail.example.org", 587, "starttls", "ada", "s@fe")),
        ("smtps://ada:x@mail.example.org:4650", ("mail.example.org", 4650, "tls", "ada", "x")),
        ("smtp://mail.example.org", ("mail.example.org", 25, "none", "", "")),
        ("smtp://ada:x@127.0.0.1:1025/", ("127.0.0.1", 1025, "none", "ada", "x")),
    ],
)
def test_it_works(url: str, server: tuple) -> None:
    host, port, security, user, password = server
    assert read_server(url) == MailServer(host=host, port=port, security=security, user=user, password=password)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mail.example.org", "write smtp"),
        ("https://mail.example.org", "write smtp"),
        ("smtps://", "write smtp"),
        ("smtps://mail.example.org:many", "cannot be read"),
        ("smtps://mail.example.org:0", "no server has"),
        ("smtps://mail.example.org/inbox", "nothing follows the port"),
        ("smtps://mail.example.org?tls=no", "nothing follows the port"),
        ("smtps://ada@mail.example.org", "both user and password"),
        ("smtps://ada:geheim%0d@mail.example.org", "no server has"),
        ("smtp://ada:geheim@mail.example.org", "tell the password to everybody"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, why: str) -> None:
    with pytest.raises(MailUrlError, match=why) as refused:
        read_server(url)
    assert "geheim" not in str(refused.value)
