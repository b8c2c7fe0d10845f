"""A small server that takes mail, as RFC 5321 says, on this machine: what tests give it, and what it answers."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass(kw_only=True)
class Taken:
    """What came, and how the server behaves. `refuses`: what it answers to the recipient, in turn; then it takes it."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)
    wants_user: bool = False
    context: ssl.SSLContext | None = None


@contextmanager
def smtp_server(*, wants_user: bool = False, context: ssl.SSLContext | None = None) -> Iterator[Taken]:
    """A server on a free port. `context`: it offers STARTTLS with that certificate."""
    taken = Taken(wants_user=wants_user, context=context)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _talk(self, taken)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away is no failure of the test."""

    with Server(("127.0.0.1", 0), Handler) as server:
        taken.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield taken
        server.shutdown()


def _talk(one: socketserver.StreamRequestHandler, taken: Taken) -> None:
    def say(line: str) -> None:
        one.wfile.write(f"{line}\r\n".encode())
        one.wfile.flush()

    let_in = not taken.wants_user
    say("220 mail.test ready")
    while line := one.rfile.readline().decode().rstrip("\r\n"):
        word = line.split(" ")[0].upper()
        if word == "EHLO":
            more = ["AUTH PLAIN"] if taken.wants_user else ["STARTTLS"] if taken.context else ["8BITMIME"]
            say("250-mail.test")
            say(f"250 {more[0]}")
        elif word == "STARTTLS" and taken.context:
            say("220 go on")
            one.connection = taken.context.wrap_socket(one.connection, server_side=True)
            one.rfile, one.wfile = one.connection.makefile("rb"), one.connection.makefile("wb")
        elif word == "AUTH":
            _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
            let_in = password == "right"
            taken.users.append(user)
            say("235 come in" if let_in else "535 wrong")
        elif not let_in and word in {"MAIL", "RCPT", "DATA"}:
            say("530 who are you")
        elif word == "RCPT":
            refused = taken.refuses.pop(0) if taken.refuses else ""
            taken.to += [] if refused else [line.partition("<")[2].partition(">")[0]]
            say(refused or "250 fine")
        elif word == "DATA":
            say("354 go on")
            found = []
            while (part := one.rfile.readline()) != b".\r\n":
                found.append(part.removeprefix(b".") if part.startswith(b"..") else part)
            taken.got.append(cast("EmailMessage", message_from_bytes(b"".join(found), policy=policy.default)))
            say("250 taken")
        elif word == "QUIT":
            say("221 bye")
            return
        else:
            say("250 fine")
