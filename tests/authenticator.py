"""A passkey in software: keys of its own, signatures as W3C Web Authentication asks for them (6.1, 6.5; level 3)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cbor import encode
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey. `verifies`: it asks for a finger or a PIN; `counts`: how far its counter is."""

    def __init__(self, *, origin: str = "http://testserver", verifies: bool = True) -> None:
        self.origin, self.verifies, self.counts = origin, verifies, 0
        self.id = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: dict[str, Any], *, challenge: str = "") -> str:
        """What a browser answers when a passkey is to be made."""
        asked = options["publicKey"]
        public = encode(dict(ES256.from_cryptography_key(self._key.public_key())))
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = self._data(asked["rp"]["id"], ATTESTED) + attested
        return self._answer(
            {
                "clientDataJSON": _text(self._client("webauthn.create", challenge or asked["challenge"])),
                "attestationObject": _text(encode({"fmt": "none", "attStmt": {}, "authData": data})),
            }
        )

    def prove(self, options: dict[str, Any], *, challenge: str = "", counts: int = 1) -> str:
        """What a browser answers when a passkey is to be proven. `counts`: by how much the counter moves."""
        asked = options["publicKey"]
        self.counts += counts
        client = self._client("webauthn.get", challenge or asked["challenge"])
        data = self._data(asked["rpId"], 0)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {"clientDataJSON": _text(client), "authenticatorData": _text(data), "signature": _text(signature)}
        )

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "response": response})

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, host: str, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.counts.to_bytes(4, "big")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def data_of(text: str) -> bytes:
    """Bytes from their text in WebAuthn's JSON."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
