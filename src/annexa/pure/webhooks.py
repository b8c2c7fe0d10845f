"""Webhooks: how a message is signed, when it is tried again, and which addresses are nobody's business of ours.

Source: Standard Webhooks 1.0.0; RFC 9110 for what an answer means.
"""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta

WAITS = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
"""How long each further try waits; after the last one nobody tries any more."""


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses behind which an IPv4 address stands, RFC 6052."""


def secret_text(secret: bytes) -> str:
    """A secret as receivers' libraries take it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def signature(secret: bytes, *, message: str, at: datetime, body: bytes) -> str:
    """What goes into the header webhook-signature: HMAC-SHA256 over id, seconds and body."""
    signed = b".".join((message.encode(), str(int(at.timestamp())).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


def next_try(tries: int, *, at: datetime) -> datetime | None:
    """When to try again after so many tries; None: not any more."""
    return at + WAITS[tries - 1] if tries <= len(WAITS) else None


def hidden_address(addresses: Iterable[str]) -> str:
    """The first of these network addresses that lies in our own network, and not in everybody's; "" if none does.

    Loopback, private, link-local (where clouds keep their secrets), multicast, reserved, also written as IPv6.
    """
    for text in addresses:
        found = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
        if found in _NAT64:
            mapped = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if not found.is_global or found.is_multicast or (mapped is not None and not mapped.is_global):
            return text
    return ""
