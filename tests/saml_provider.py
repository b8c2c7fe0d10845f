"""A SAML identity provider, as far as a browser sees it: a key, a certificate, and responses that are signed.

The signature is made by xmlsec through python3-saml. Source: SAML 2.0 Core 2.3 and 3.3.3, Profiles 4.1.4.
"""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NAME = "https://idp.example.org"
US = "http://testserver/sign-in/with/saml"
OASIS = "urn:oasis:names:tc:SAML:2.0"
Key = tuple[str, str]
"""Private key and certificate, as PEM."""

ASSERTION = """<saml:Assertion xmlns:saml="{oasis}:assertion" ID="_a1" Version="2.0" IssueInstant="{at}">
<saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="{oasis}:nameid-format:persistent">u-17</saml:NameID>
<saml:SubjectConfirmation Method="{oasis}:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{there}" InResponseTo="{to}"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{since}" NotOnOrAfter="{until}">
<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{asked_at}" SessionIndex="_s1"><saml:AuthnContext>
<saml:AuthnContextClassRef>{oasis}:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>
<saml:Attribute Name="email"><saml:AttributeValue>{email}</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="displayName"><saml:AttributeValue>Lee Lead</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="groups">
<saml:AttributeValue>canteen</saml:AttributeValue><saml:AttributeValue>{group}</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement></saml:Assertion>"""

RESPONSE = """<samlp:Response xmlns:samlp="{oasis}:protocol" ID="_r1" Version="2.0" IssueInstant="{at}"
 Destination="{there}" InResponseTo="{to}"><saml:Issuer xmlns:saml="{oasis}:assertion">{issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="{oasis}:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""


def fresh_key() -> Key:
    """A key, with a certificate that holds today."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return pem, made.public_bytes(Encoding.PEM).decode()


def response(key: Key, to: str, *, change: tuple[str, str] | None = None, **more: str) -> str:
    """What a provider posts through the browser: a signed assertion in a response, base64.

    `to`: the id of the request it answers. `change`: a text that somebody changes after it was signed, and into what.
    `more`: other values than those of an honest answer.
    """
    from onelogin.saml2.utils import OneLogin_Saml2_Utils

    now = datetime.now(UTC)
    said = {
        "oasis": OASIS,
        "at": instant(now),
        "asked_at": instant(now),
        "since": instant(now - timedelta(minutes=1)),
        "until": instant(now + timedelta(minutes=5)),
        "issuer": NAME,
        "audience": f"{US}/metadata",
        "there": f"{US}/acs",
        "email": "lee@example.org",
        "group": "grc",
        "to": to,
    } | more
    signed = OneLogin_Saml2_Utils.add_sign(ASSERTION.format(**said), *key)
    text = (signed.decode() if isinstance(signed, bytes) else signed).replace('<?xml version="1.0"?>', "")
    if change:
        assert change[0] in text
        text = text.replace(*change)
    return base64.b64encode(RESPONSE.format(**said, assertion=text).encode()).decode()


def instant(at: datetime) -> str:
    """As SAML writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
