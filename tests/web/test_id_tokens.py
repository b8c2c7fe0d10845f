"""Which ID tokens are believed: signed by the provider's key, with an algorithm of the list, for us, of now."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from annexa.web.single_sign_on import SIGNATURES, _decoded

ISSUER, CLIENT = "https://login.example.org", "annexa"


@pytest.fixture(scope="module")
def keys() -> tuple[RSAPrivateKey, RSAPrivateKey]:
    """The provider's, and somebody else's."""
    return generate_private_key(65537, 3072), generate_private_key(65537, 3072)


def public(key: RSAPrivateKey) -> dict[str, str]:
    said: dict[str, str] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return said | {"kid": "one", "use": "sig", "alg": "RS256"}


def claims(**more) -> dict[str, object]:
    now = datetime.now(UTC)
    said = {"iss": ISSUER, "aud": CLIENT, "sub": "kim", "iat": now, "exp": now + timedelta(minutes=5)} | more
    return {name: value for name, value in said.items() if value is not None}


def read(token: str, key: RSAPrivateKey) -> dict[str, object]:
    return _decoded(token, jwt.PyJWK.from_dict(public(key)), issuer=ISSUER, client_id=CLIENT)


def test_it_works(keys) -> None:
    assert read(jwt.encode(claims(), keys[0], "RS256"), keys[0])["sub"] == "kim"


LATER, EARLIER = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://another.example"}, {"iss": None}, {"aud": "another"}, {"aud": None}, {"exp": EARLIER},
        {"exp": None}, {"nbf": LATER}, {"iat": LATER}, {"iat": None}, {"sub": None}, {"azp": "another"},
    ],
    ids=lambda one: "-".join(map(str, next(iter(one.items()))))[:20].replace(" ", ""),
)  # fmt: skip
def test_what_it_says_has_to_fit(keys, wrong) -> None:
    with pytest.raises((jwt.InvalidTokenError, ValueError)):
        read(jwt.encode(claims(**wrong), keys[0], "RS256"), keys[0])


@pytest.mark.parametrize("header", [{}, {"jku": "https://evil.example/keys"}, {"jwk": "its own"}])
def test_another_key_counts_for_nothing_wherever_the_token_says_it_is(keys, header) -> None:
    """Rule: keys come from the provider's own list alone, never from the token."""
    if "jwk" in header:
        header = {"jwk": public(keys[1])}
    with pytest.raises(jwt.InvalidSignatureError):
        read(jwt.encode(claims(), keys[1], "RS256", headers=header), keys[0])


def test_no_signature_and_none_with_a_shared_secret_is_taken(keys) -> None:
    """Rule: “none” is no algorithm, and the public key is no secret for HMAC (RFC 8725, 2.1 and 3.1)."""
    with pytest.raises(jwt.InvalidTokenError):
        read(jwt.encode(claims(), None, "none"), keys[0])
    header, body = ({"alg": "HS256", "typ": "JWT"}, {"iss": ISSUER, "aud": CLIENT, "sub": "kim"})
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (header, body)]
    with pytest.raises(jwt.InvalidTokenError):
        read(".".join([*parts, "c2lnbmF0dXJl"]), keys[0])
    assert not [one for one in SIGNATURES if one.startswith("HS") or one.lower() == "none"]
