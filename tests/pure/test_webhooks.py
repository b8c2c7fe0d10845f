"""Webhooks: signed as receivers' libraries expect, tried again for days, never into a network of our own."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from annexa.pure.webhooks import WAITS, hidden_address, next_try, secret_text, signature

AT = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """Source: the test vector of the Standard Webhooks libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature(
        secret, message="msg_p5jXN8AQM9LWM0D4loKWxJek", at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )  # fmt: skip
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert secret_text(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_tries_wait_longer_and_longer_for_three_days_and_then_end() -> None:
    assert [next_try(tries, at=AT) for tries in (1, 2)] == [AT + timedelta(seconds=5), AT + timedelta(minutes=5)]
    assert list(WAITS) == sorted(WAITS)
    assert timedelta(days=3) < sum(WAITS, timedelta()) < timedelta(days=4)
    assert next_try(len(WAITS) + 1, at=AT) is None


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"],
)  # fmt: skip
def test_addresses_of_our_own_networks_are_hidden(address: str) -> None:
    assert hidden_address(["93.184.215.14", address]) == address


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_everybodys_network_are_not(address: str) -> None:
    assert hidden_address([address]) == ""
