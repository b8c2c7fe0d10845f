"""The way to an identity provider and back. django-allauth speaks OpenID Connect and SAML; who may come in is decided
by actions.sign_on, and the session begins where every other does.

Nothing of allauth's accounts is used: its tables stay empty (records.kept_empty), its pages are not reachable.
"""

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

import jwt
import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe
from requests.adapters import HTTPAdapter

from annexa.actions.errors import NotPermittedError
from annexa.actions.outgoing import NotReachedError, address_of
from annexa.actions.sign_on import sign_in_by_provider
from annexa.pure.sign_on import ASKED_AT, Asserted, proven_at
from annexa.records.people import Person
from annexa.web.again import going_on
from annexa.web.entering import let_in

log = logging.getLogger("annexa.sign_in")
OIDC, SAML = "oidc", "saml"
SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""With a key that only the provider has: never with our secret, never unsigned."""
LARGEST_ANSWER = 1024 * 1024
LARGEST_RESPONSE = 256 * 1024
"""Characters of a SAML response; a real one has some thousands."""
SAML_ATTRIBUTES = {
    "uid": ["urn:oasis:names:tc:SAML:attribute:subject-id", "urn:oasis:names:tc:SAML:attribute:pairwise-id"],
    "email": [
        "email", "mail", "urn:oid:0.9.2342.19200300.100.1.3",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    ],
    "email_verified": ["email_verified", "http://schemas.auth0.com/email_verified"],
    "first_name": [
        "givenName", "first_name", "urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    ],
    "last_name": [
        "sn", "last_name", "urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    ],
}  # fmt: skip
"""Under which names providers tell what; the first that is there counts."""
_NAMES = (
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
)


def providers() -> list[dict[str, str]]:
    """What the sign-in page offers beside a password: where to go, and what stands on the button."""
    found = [(OIDC, settings.OIDC.name)] if settings.OIDC else []
    found += [(SAML, settings.SAML_NAME)] if settings.SAML else []
    return [{"id": one, "name": name, "url": reverse("sign-in-with", args=[one])} for one, name in found]


# --- what allauth asks of us


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """The provider of the settings and no other, asked through the guard; whoever comes back is handed to us."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """What is set. A row in a table is never a provider."""
        del request, client_id
        return [one for one in _apps() if provider in {None, one.provider, one.provider_id}]

    def get_requests_session(self) -> "_Guarded":
        """What calls the provider."""
        return _Guarded()

    def populate_user(self, _request: HttpRequest, sociallogin: SocialLogin, _data: Mapping[str, Any]) -> Any:
        """Nobody is made from what allauth gathers."""
        return sociallogin.user

    def authenticate_by_email(self, _sociallogin: SocialLogin) -> None:
        """Who has an address is decided by actions.sign_on."""
        return

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """The provider vouches for somebody: from here on it is ours. Never returns."""
        raise ImmediateHttpResponse(_arrived(request, sociallogin))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """Something did not fit. Never returns."""
        del provider, extra_context
        raise ImmediateHttpResponse(_failed(request, _sentence(exception, error), exception))


def _issuer() -> str:
    """How the provider of the settings is called, without a last slash."""
    return settings.OIDC.issuer.rstrip("/") if settings.OIDC else ""


def _apps() -> list[SocialApp]:
    found = []
    if (oidc := settings.OIDC) is not None:
        found.append(
            SocialApp(
                provider="openid_connect", provider_id=OIDC, name=oidc.name[:40], client_id=oidc.client_id,
                secret=oidc.client_secret,
                settings={
                    "server_url": oidc.issuer.rstrip("/"), "scope": list(oidc.scopes), "oauth_pkce_enabled": True,
                },
            )
        )  # fmt: skip
    if (saml := settings.SAML) is not None:
        found.append(
            SocialApp(
                provider="saml", provider_id=SAML, name=settings.SAML_NAME[:40], client_id=SAML,
                settings={
                    "attribute_mapping": SAML_ATTRIBUTES,
                    "idp": {"entity_id": saml.entity_id, "sso_url": saml.sign_in_url, "x509cert": saml.certificate},
                    "advanced": {
                        "strict": True, "want_assertion_signed": True, "reject_deprecated_algorithm": True,
                        "reject_idp_initiated_sso": True, "allow_single_label_domains": True,
                    },
                },
            )
        )  # fmt: skip
    return found


class _Guarded(requests.Session):
    """Calls a provider: at the address that was looked at, without redirects, proxies or answers without end."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Pinned())

    def request(self, method: Any, url: Any, *args: Any, **more: Any) -> requests.Response:
        """As its own, with what must always be so."""
        more |= {"allow_redirects": False, "timeout": settings.SOCIALACCOUNT_REQUESTS_TIMEOUT}
        return super().request(method, url, *args, **more)


class _Pinned(HTTPAdapter):
    """Connects to the network address that the guard let pass, under the name that was asked for."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Raises requests.ConnectionError where the guard refuses, or too much is answered."""
        parts = urlsplit(str(request.url))
        host, secure = parts.hostname or "", parts.scheme == "https"
        inside = settings.OIDC is not None and settings.OIDC.inside
        if not secure and not inside:
            raise requests.ConnectionError(f"{host} is not asked without encryption.")
        try:
            port = parts.port or (443 if secure else 80)
            address = address_of(host, port, inside=inside, allowed_by="ANNEXA_OIDC_INSIDE")
        except NotReachedError as error:
            raise requests.ConnectionError(str(error)) from error
        there = f"[{address}]" if ":" in address else address
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit((parts.scheme, f"{there}:{port}", parts.path, parts.query, ""))
        if secure:
            self.poolmanager.connection_pool_kw |= {"server_hostname": host, "assert_hostname": host}
        answer = super().send(request, *args, **(more | {"stream": True}))
        body = b""
        for part in answer.iter_content(64 * 1024):
            body += part
            if len(body) > LARGEST_ANSWER:
                answer.close()
                raise requests.ConnectionError(f"{host} answers more than {LARGEST_ANSWER:,} bytes.")
        answer._content = body  # what was read, for whoever asks for .json(); requests has no other way
        return answer


class _Checked(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """OpenID Connect, with the checks that allauth leaves out."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself, if it says who it is (OpenID Connect Discovery 1.0, 4.3)."""
        found: dict[str, Any] = super().openid_config
        said = str(found.get("issuer", "")) if isinstance(found, dict) else ""
        wanted = _issuer()
        if said.rstrip("/") != wanted:
            raise requests.ConnectionError(f"It calls itself {said!r}, and not {wanted!r}.")
        return found

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """What the ID token says, if it is signed by the provider, for us, and of now (Core 1.0, 3.1.3.7).

        allauth leaves the signature out and wants a key id; a provider with a single key need not name it (10.1).
        """
        with Adapter(self.request).get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        named = jwt.get_unverified_header(id_token).get("kid")
        for key in keys:
            if key.public_key_use in {None, "sig"} and named in {None, key.key_id}:
                with suppress(jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError):
                    return _decoded(id_token, key, issuer=self.openid_config["issuer"], client_id=app.client_id)
        raise ValueError("No key of the provider fits the signature of the ID token.")


def _decoded(id_token: str, key: jwt.PyJWK, *, issuer: str, client_id: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(
        id_token, key, algorithms=SIGNATURES, issuer=issuer, audience=client_id, leeway=60,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )  # fmt: skip
    if found.get("azp", client_id) != client_id:
        raise ValueError("The ID token was made for another client.")
    return found


# --- there


@require_safe
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """Sends the browser to the provider. With ?again it has to ask for a proof there, and not only for a cookie.

    That it does is only a request: whoever sits there can change the address. What counts is when it says it asked.
    """
    if provider not in {one["id"] for one in providers()}:
        raise Http404("There is no such provider.")
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        return to_sign_in(request)  # nobody is signed in because another site sent their browser here
    return _watched(request, lambda: _sent(request, provider))


def _sent(request: HttpRequest, provider: str) -> HttpResponse:
    made = Adapter(request).get_app(request, provider=provider).get_provider(request)
    again, url = "again" in request.GET, going_on(request)
    if provider == SAML:
        return _sent_to_saml(request, made, again=again, url=url)
    made.oauth2_adapter_class = _Checked
    nonce = secrets.token_urlsafe(24)
    # With max_age a provider has to say when it asked (auth_time; OpenID Connect Core 1.0, 3.1.2.1 and 2).
    asked = {"nonce": nonce} | ({"prompt": "login", "max_age": "0"} if again else {})
    data = {"again": again, "nonce": nonce, "begun": timezone.now().timestamp()}
    found: HttpResponse = made.redirect(request, process="login", next_url=url, data=data, auth_params=asked)
    return found


def _sent_to_saml(request: HttpRequest, made: Any, *, again: bool, url: str) -> HttpResponse:
    """As allauth does it, but that a provider can be told to ask anew (ForceAuthn; SAML 2.0 Core, 3.4.1)."""
    from allauth.socialaccount.providers.saml.utils import build_auth

    auth = build_auth(request, made)
    there = auth.login(return_to="", force_authn=again)
    data = {"again": again, "begun": timezone.now().timestamp()}
    made.stash_redirect_state(request, "login", url, data, state_id=auth.get_last_request_id())
    return HttpResponseRedirect(there)


# --- back


@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The browser comes back from an OpenID Connect provider."""
    if settings.OIDC is None or provider_id != OIDC:
        raise Http404("There is no such provider.")
    view = OAuth2CallbackView.adapter_view(_Checked(request, provider_id))
    return _watched(request, lambda: cast(HttpResponse, view(request)))


@csrf_exempt
@require_POST
def acs(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """A SAML response. It comes from another site, without our cookies; so it is kept, and looked at in a next step."""
    _require_saml(organization_slug)
    if len(request.POST.get("SAMLResponse", "")) > LARGEST_RESPONSE:
        return _failed(request, _("The answer is far too large."), None)
    from allauth.socialaccount.providers.saml import views

    return _watched(request, lambda: views.acs(request, organization_slug))


@require_GET
def finish_acs(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Looks at the response that was kept: signature, audience, time, and that we asked for it."""
    _require_saml(organization_slug)
    from annexa.web.saml_answers import finish

    return _watched(request, lambda: cast(HttpResponse, finish(request, organization_slug)))


@require_safe
def metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What the SAML provider has to know of Annexa."""
    _require_saml(organization_slug)
    from allauth.socialaccount.providers.saml.utils import build_saml_config
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    (app,) = [one for one in _apps() if one.provider_id == SAML]
    config = build_saml_config(request, app.settings, SAML)
    config["sp"].pop("singleLogoutService")  # ending a session there ends none here
    made = OneLogin_Saml2_Settings(settings=config, sp_validation_only=True)
    return HttpResponse(made.get_sp_metadata(), content_type="text/xml")


def nothing_here(_request: HttpRequest, **_more: Any) -> HttpResponse:
    """Stands under names that allauth wants to exist."""
    raise Http404("There is nothing here.")


def _require_saml(named: str) -> None:
    if settings.SAML is None or named != SAML:
        raise Http404("There is no such provider.")


def _watched(request: HttpRequest, step: Callable[[], HttpResponse]) -> HttpResponse:
    """One step, in which another server may answer anything: whatever it is becomes a sentence."""
    try:
        return step()
    except ImmediateHttpResponse as error:
        return cast(HttpResponse, error.response)
    except Exception as error:  # noqa: BLE001  the border to a foreign server: logged by its kind, told as a sentence
        return _failed(request, _sentence(error, None), error)


def _arrived(request: HttpRequest, sociallogin: SocialLogin) -> HttpResponse:
    """Somebody whom the provider vouches for."""
    state = sociallogin.state or {}
    data = state.get("data") or {}
    try:
        through = OIDC if sociallogin.account.provider == OIDC else SAML
        said = _of_oidc(sociallogin, data) if through == OIDC else _of_saml(sociallogin)
        proven = _proven(said, data)
        person = sign_in_by_provider(
            said, roles=settings.SSO_ROLES, default=settings.SSO_DEFAULT_ROLE,
            trusted=settings.SSO_EMAILS == "trusted", now=timezone.now(),
        )  # fmt: skip
        if data.get("again") and isinstance(request.user, Person) and request.user.pk != person.pk:
            raise NotPermittedError(_("You signed in there as somebody else."))
    except (NotPermittedError, ValueError) as error:
        return _failed(request, str(error), error)
    except IntegrityError as error:
        return _failed(request, _("Somebody with this address came in at the same moment. Try once more."), error)
    return let_in(request, person, through=through, url=state.get("next") or reverse("today"), proven_at=proven)


def _proven(said: Asserted, data: Mapping[str, Any]) -> float | None:
    """Since when whoever sits there has proven that it is they; None if the provider does not say.

    Raises NotPermittedError where it was told to ask anew, and did not, or does not say that it did.
    """
    now = timezone.now().timestamp()
    if not data.get("again"):
        return proven_at(said.asked_at, now=now)
    found = proven_at(said.asked_at, now=now, since=float(data["begun"]))
    if said.asked_at is None:
        raise NotPermittedError(
            _("The provider does not say when it asked you. An administrator can have it say so (auth_time).")
        )
    if found is None:
        raise NotPermittedError(_("The provider let you pass without asking anew."))
    return found


def _of_oidc(sociallogin: SocialLogin, data: Mapping[str, Any]) -> Asserted:
    """What ID token and user info say. Raises ValueError with a sentence where they do not fit (Core 1.0, 3.1.3.7)."""
    told = sociallogin.account.extra_data
    token, info = told.get("id_token"), told.get("userinfo")
    if not isinstance(token, dict) or not isinstance(info, dict):
        raise ValueError(_("The provider sent no ID token."))
    if not constant_time_compare(str(token.get("nonce", "")), str(data.get("nonce") or "none was asked for")):
        raise ValueError(_("The provider's answer belongs to another sign-in. Begin again."))
    if not token.get("sub") or info.get("sub") != token["sub"]:
        raise ValueError(_("The provider says two different things about who you are."))
    both, at = token | info, token.get("auth_time")  # the user info is not of this sign-in
    return Asserted(
        issuer=_issuer(),
        subject=str(token["sub"]),
        email=str(both.get("email") or "").strip(),
        email_verified=both.get("email_verified") is True or both.get("email_verified") == "true",
        name=str(both.get("name") or ""),
        groups=tuple(_texts(both.get(settings.OIDC.groups_claim if settings.OIDC else ""))),
        asked_at=float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None,
    )


def _of_saml(sociallogin: SocialLogin) -> Asserted:
    told: Mapping[str, Any] = sociallogin.account.extra_data
    address = sociallogin.email_addresses[0] if sociallogin.email_addresses else None
    parts = [_first(told, SAML_ATTRIBUTES[one]) for one in ("first_name", "last_name")]
    return Asserted(
        issuer=settings.SAML.entity_id if settings.SAML else "",
        subject=str(sociallogin.account.uid),
        email=address.email if address else "",
        email_verified=bool(address and address.verified),
        name=_first(told, _NAMES) or " ".join(filter(None, parts)),
        groups=tuple(_texts(told.get(settings.SAML_GROUPS_ATTRIBUTE))),
        asked_at=told.get(ASKED_AT),
    )


def _first(told: Mapping[str, Any], names: Any) -> str:
    return next((text for name in names for text in _texts(told.get(name))), "")


def _texts(said: Any) -> Iterator[str]:
    """One text or many, as providers have it."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, list):
        yield from (one for one in said if isinstance(one, str))


def _sentence(exception: BaseException | None, error: Any) -> str:
    if str(error or "") == "cancelled":
        return _("You ended it there.")
    if isinstance(exception, requests.RequestException):
        return _(
            "The provider could not be asked, or answered what makes no sense. An administrator finds why in the log."
        )
    return _("What came back does not fit what was asked; perhaps it took too long. Begin again.")


def _failed(request: HttpRequest, sentence: str, error: BaseException | None) -> HttpResponse:
    """The page that says why nobody was let in. The log has the kind of error; of those at the network, its words."""
    words = f": {error}" if isinstance(error, requests.RequestException) else ""
    log.warning("Nobody was let in by a provider (%s%s)", type(error).__name__ if error else "refused", words)
    return render(request, "account/not_let_in.html", {"sentence": sentence}, status=403)


def again_url(provider: str, back: str) -> str:
    """Where somebody who came by a provider proves once more that it is they."""
    return f"{reverse('sign-in-with', args=[provider])}?{urlencode({'again': '', 'next': back})}"


def to_sign_in(_request: HttpRequest, **_more: Any) -> HttpResponse:
    """Who opens an address of a step by itself begins at the beginning."""
    return HttpResponseRedirect(reverse("sign-in"))


urls = [
    path("sign-in/with/<str:provider>", start, name="sign-in-with"),
    path("sign-in/with/<str:provider_id>/callback", callback, name="openid_connect_callback"),
    path("sign-in/with/<str:provider_id>/start", to_sign_in, name="openid_connect_login"),
    path("sign-in/with/<str:organization_slug>/acs", acs, name="saml_acs"),
    path("sign-in/with/<str:organization_slug>/finish", finish_acs, name="saml_finish_acs"),
    path("sign-in/with/<str:organization_slug>/metadata", metadata, name="saml_metadata"),
    path("sign-in/with/<str:organization_slug>/sls", nothing_here, name="saml_sls"),
    path("sign-in/with/<str:organization_slug>/login", to_sign_in, name="saml_login"),
]
