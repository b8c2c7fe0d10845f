"""SAML responses, read for one thing that allauth leaves out: when the provider asked for a proof.

Apart from single_sign_on, for SAML is installed only where it is wanted.
"""

from datetime import UTC, datetime
from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.providers.saml.views import FinishACSView
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from annexa.pure.sign_on import ASKED_AT


class _Provider(SAMLProvider):  # type: ignore[misc]  # allauth has no types
    """The provider of the settings; its answers say when it asked."""

    def extract_extra_data(self, data: OneLogin_Saml2_Auth) -> dict[str, Any]:
        """The attributes, and beside them the AuthnInstant."""
        return {**super().extract_extra_data(data), ASKED_AT: _asked_at(data)}


class _Finish(FinishACSView):  # type: ignore[misc]
    """As allauth's, with our provider."""

    def get_provider(self, organization_slug: str) -> _Provider:
        """The provider that answers."""
        return _Provider(self.request, app=self.get_app(organization_slug))


finish = _Finish.as_view()


def _asked_at(answered: OneLogin_Saml2_Auth) -> float | None:
    """When the provider asked, in seconds since 1970, by a response that was found valid; None if that is no time.

    A valid response holds one assertion, which is signed, with one AuthnStatement (SAML 2.0 Core, 2.7.2). Times are in
    UTC (1.3.3).
    """
    tree = OneLogin_Saml2_XML.to_etree(answered.get_last_response_xml())
    (one,) = OneLogin_Saml2_XML.query(tree, "//saml:Assertion/saml:AuthnStatement")
    try:
        found = datetime.fromisoformat(one.get("AuthnInstant", ""))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
