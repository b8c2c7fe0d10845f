"""Where a call to another server may lead: to the very address that was looked at, and not into our own network."""

import socket

from annexa.pure.webhooks import hidden_address


class NotReachedError(Exception):
    """A server was not called, or did not answer; says why."""


def address_of(host: str, port: int, *, inside: bool, allowed_by: str) -> str:
    """The network address to connect to. Connect to this one, so that the name cannot lead elsewhere in between.

    `inside`: our own network is allowed; `allowed_by`: the setting that says so. Raises NotReachedError.
    """
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise NotReachedError(f"{host} is not known.") from error
    if not inside and hidden_address(found):
        raise NotReachedError(f"{host} lies in a network of our own; {allowed_by} allows that.")
    return found[0]
