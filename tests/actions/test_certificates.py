"""Whom Annexa calls shows a certificate that somebody trusted vouches for, or is told nothing."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from annexa.actions.webhooks import NotSentError, post
from annexa.settings import OidcProvider
from annexa.web.single_sign_on import _Guarded


@pytest.fixture
def liar(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A server whose certificate only it itself vouches for; its address, and what it was told."""
    key, told = ec.generate_private_key(ec.SECP256R1()), []
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.path)

        do_GET = do_POST  # noqa: N815

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with HTTPServer(("127.0.0.1", 0), Hears) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/hook", told
        server.shutdown()


def test_a_webhook_is_not_sent_to_who_cannot_show_one(liar, settings) -> None:
    settings.WEBHOOKS_INSIDE = True
    with pytest.raises(NotSentError, match="certificate"):
        post(liar[0], body=b"{}", headers={})
    assert liar[1] == []


def test_a_provider_that_cannot_show_one_is_not_asked(liar, settings) -> None:
    settings.OIDC = OidcProvider(
        issuer="https://127.0.0.1", client_id="annexa", client_secret="", name="ID", scopes=("openid",),
        groups_claim="groups", inside=True,
    )  # fmt: skip
    with pytest.raises(requests.exceptions.SSLError, match="certificate"):
        _Guarded().get(liar[0])
    assert liar[1] == []
