"""The pages of one's own second factors: which there are, another one, codes on paper, one that goes."""

import base64
import binascii
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import qrcode
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from qrcode.image.svg import SvgPathImage

from annexa.actions.errors import ConflictError, NotFoundError
from annexa.actions.organisation import the_organisation
from annexa.actions.second_factors import (
    LONGEST_NAME,
    add_passkey,
    add_totp,
    codes_left,
    factors_of,
    fresh_secret,
    has_second_factor,
    make_recovery_codes,
    must_have,
    remove_second_factor,
)
from annexa.pure.second_factors import totp_secret_text
from annexa.records.sign_in import RECOVERY_CODES, TOTP
from annexa.web.again import proven
from annexa.web.forms import see, tried
from annexa.web.frame import actor, person
from annexa.web.passkeys import answered, kept_state, site_of
from annexa.web.refused import refused

SECRET = "totp"  # noqa: S105  a key of the session
"""Where the session keeps the secret that is shown, until a code of it was typed."""


class AppForm(forms.Form):
    """Shows that the app has the secret."""

    code = forms.CharField(
        label=later("Code"),
        max_length=20,
        help_text=later("The six digits that the app shows now."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasskeyForm(forms.Form):
    """What one calls a passkey."""

    name = forms.CharField(
        label=later("Name"), max_length=LONGEST_NAME, help_text=later("By which you know it again, such as blue key")
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Which second factors one has."""
    return _page(request)


def _page(request: HttpRequest, *, codes: list[str] | None = None, status: int = 200) -> HttpResponse:
    me = person(request)
    own = factors_of(me)
    context = {
        "factors": [(one, codes_left(one) if one.what == RECOVERY_CODES else None) for one in own],
        "has_app": any(one.what == TOTP for one in own),
        "has_any": has_second_factor(me),
        "missing": must_have(me) and not has_second_factor(me),
        "codes": codes,
        "now": timezone.now(),
    }
    return render(request, "account/second_factors.html", context, status=status)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@proven
def app(request: HttpRequest) -> HttpResponse:
    """Takes an app into use that shows codes: its secret as picture and text, and a code to show that it has it."""
    form = AppForm(request.POST or None)
    secret = _secret(request)

    def do(typed: Any) -> str:
        add_totp(
            actor=actor(request), person=person(request), secret=secret, code=typed["code"], name=_("Code app"),
            now=timezone.now(),
        )  # fmt: skip
        request.session.pop(SECRET, None)
        return _("The app is in use from the next sign-in on")

    if request.method == "POST":
        if (answer := tried(request, form, do)) is not None:
            return answer
        if form.is_valid() and not form.errors:
            return _added(request)
    url = totp_url(secret, account=person(request).email, issuer=_issuer())
    context = {"form": form, "picture": _picture(url), "secret": totp_secret_text(secret)}
    return render(request, "account/app.html", context, status=422 if form.errors else 200)


def _secret(request: HttpRequest) -> bytes:
    try:
        kept = base64.b64decode(request.session.get(SECRET, ""), validate=True)
    except (binascii.Error, ValueError):
        kept = b""
    if not kept:
        kept = fresh_secret()
        request.session[SECRET] = base64.b64encode(kept).decode()
    return kept


def totp_url(secret: bytes, *, account: str, issuer: str) -> str:
    """What stands in the picture that an app reads, in the form of Google's key URI."""
    text = totp_secret_text(secret).replace(" ", "")
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': text, 'issuer': issuer}, quote_via=quote)}"


def _issuer() -> str:
    found = the_organisation()
    return f"Annexa {found.name}" if found else "Annexa"


def _picture(url: str) -> SafeString:
    """The address as a picture an app reads; drawn here, of squares only."""
    out = BytesIO()
    qrcode.make(url, image_factory=SvgPathImage, box_size=10, border=2).save(out)
    drawn = out.getvalue().decode()
    return mark_safe(drawn[drawn.index("<svg") :])  # noqa: S308


@require_http_methods(["GET", "HEAD", "POST"])
@proven
def passkey(request: HttpRequest) -> HttpResponse:
    """Takes a passkey into use."""
    form = PasskeyForm(request.POST or None)

    def do(typed: Any) -> str:
        add_passkey(
            actor=actor(request), person=person(request), site=site_of(request), state=kept_state(request),
            response=answered(request), name=typed["name"], now=timezone.now(),
        )  # fmt: skip
        return _("The passkey is in use")

    if request.method == "POST":
        if (answer := tried(request, form, do)) is not None:
            return answer
        if form.is_valid() and not form.errors:
            return _added(request)
    return render(request, "account/passkey.html", {"form": form}, status=422 if form.errors else 200)


def _added(request: HttpRequest) -> HttpResponse:
    """Whoever has no codes on paper yet is given some at once: else a lost telephone would lock them out."""
    if any(one.what == RECOVERY_CODES for one in factors_of(person(request))):
        return see(reverse("second-factors"))
    codes = make_recovery_codes(actor=actor(request), person=person(request), now=timezone.now())
    return _page(request, codes=codes, status=201)


@require_http_methods(["GET", "HEAD", "POST"])
@proven
def codes(request: HttpRequest) -> HttpResponse:
    """Makes new recovery codes; the old ones end. They are in the answer itself, and nowhere else."""
    if request.method != "POST":
        return see(reverse("second-factors"))
    try:
        made = make_recovery_codes(actor=actor(request), person=person(request), now=timezone.now())
    except ConflictError as error:
        return refused(request, status=409, title=_("No codes were made"), text=str(error))
    return _page(request, codes=made, status=201)


@require_POST
@proven
def remove(request: HttpRequest, factor: str) -> HttpResponse:
    """Takes a factor out of use."""
    try:
        gone = remove_second_factor(actor=actor(request), person=person(request), factor=factor, now=timezone.now())
    except NotFoundError as error:
        raise Http404(str(error)) from error
    except ConflictError as error:
        return refused(request, status=409, title=_("Not removed"), text=str(error))
    messages.success(request, _("%s is not in use any more") % gone.name)
    return see(reverse("second-factors"))


urls = [
    path("account/second-factors", index, name="second-factors"),
    path("account/second-factors/app", app, name="second-factor-app"),
    path("account/second-factors/passkey", passkey, name="second-factor-passkey"),
    path("account/second-factors/codes", codes, name="recovery-codes"),
    path("account/second-factors/<str:factor>/remove", remove, name="remove-second-factor"),
]
