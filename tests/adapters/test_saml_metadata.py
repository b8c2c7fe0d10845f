"""What a SAML provider gives as its metadata, and what is said of anything else."""

import pytest

from annexa.adapters.saml_metadata import MetadataError, parse_metadata

METADATA = """<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
 entityID="https://idp.example.org/saml">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>NOT</ds:X509Certificate>
</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
 MIIB
 AAAA </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.org/post"/>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/go"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


def test_it_works() -> None:
    found = parse_metadata(METADATA)
    assert (found.entity_id, found.sign_in_url) == ("https://idp.example.org/saml", "https://idp.example.org/go")
    assert found.certificate == "MIIBAAAA"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not the XML"),
        ("<html/>", "no identity provider"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not the XML"),
        (METADATA.replace("HTTP-Redirect", "SOAP"), r"lacks a place to sign in by redirect \(HTTP-Redirect\)\."),
        (METADATA.replace('use="signing"', 'use="encryption"'), "lacks a certificate for signing"),
        (METADATA.replace("https://idp.example.org/go", "javascript:alert(1)"), "has to be an address of the web"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(MetadataError, match=said):
        parse_metadata(text)
