"""What a SAML identity provider says of itself in its metadata: its name, where one signs in, what it signs with.

Source: SAML 2.0 Metadata (OASIS saml-metadata-2.0-os), 2.4.3.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


class MetadataError(ValueError):
    """The metadata is not that of a provider one can sign in with; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlProvider:
    """A SAML identity provider. `certificate`: base64 DER, of the key that signs."""

    entity_id: str
    sign_in_url: str
    certificate: str


def parse_metadata(text: str) -> SamlProvider:
    """Reads it. Raises MetadataError with everything that is missing."""
    try:
        root: Element = fromstring(text.encode())
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MetadataError(f"this is not the XML that a provider gives as its metadata ({error}).") from error
    found = root if root.tag == f"{_MD}EntityDescriptor" else root.find(f"{_MD}EntityDescriptor")
    provider = found.find(f"{_MD}IDPSSODescriptor") if found is not None else None
    if found is None or provider is None:
        raise MetadataError("it describes no identity provider (no IDPSSODescriptor).")
    url = next((one.get("Location", "") for one in _services(provider) if one.get("Binding") == _REDIRECT), "")
    certificate = next(filter(None, map(_certificate, provider.findall(f"{_MD}KeyDescriptor"))), "")
    entity = found.get("entityID", "")
    missing = [
        word
        for word, value in (
            ("an entityID", entity),
            ("a place to sign in by redirect (HTTP-Redirect)", url),
            ("a certificate for signing", certificate),
        )
        if not value
    ]
    if missing:
        raise MetadataError(f"it lacks {', '.join(missing)}.")
    if not url.startswith(("https://", "http://")):
        raise MetadataError(f"the place to sign in is {url!r}; it has to be an address of the web.")
    return SamlProvider(entity_id=entity, sign_in_url=url, certificate=certificate)


def _services(provider: Element) -> list[Element]:
    return provider.findall(f"{_MD}SingleSignOnService")


def _certificate(key: Element) -> str:
    """The certificate of a key that signs; "" of one that only encrypts."""
    if key.get("use", "signing") != "signing":
        return ""
    found = key.find(f".//{_DS}X509Certificate")
    return "".join((found.text or "").split()) if found is not None else ""
