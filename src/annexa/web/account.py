"""Signing in and out, password, theme."""

import logging
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annexa.actions.errors import InvalidError
from annexa.actions.organisation import the_organisation
from annexa.actions.people import change_password, choose_theme
from annexa.actions.second_factors import ask_passkey, check_code, check_passkey, factors_of, has_second_factor
from annexa.actions.sign_in import WINDOW
from annexa.records.people import Person
from annexa.records.sign_in import PASSKEY
from annexa.web.again import LONGEST, proven
from annexa.web.again import going_on as going
from annexa.web.entering import let_in, note, second_tries_of, tries_of
from annexa.web.forms import see
from annexa.web.frame import actor, person
from annexa.web.passkeys import answered, keep, kept_state, site_of
from annexa.web.single_sign_on import providers

security = logging.getLogger("annexa.security")
WAITING = "waiting"
"""Where the session keeps who has given a right password and still has to take the second step."""
WAITS = 10 * 60
"""Seconds for that step."""


class SignInForm(forms.Form):
    """Who somebody says they are."""

    email = forms.EmailField(
        label=later("Email"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=later("Password"),
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    """A new password, and the present one if there is one; a passkey does not stand in for it."""

    current = forms.CharField(
        label=later("Present password"),
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=later("New password"),
        strip=False,
        max_length=LONGEST,
        help_text=later("At least 12 characters; a few unrelated words are best."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class CodeForm(forms.Form):
    """The second step: what an app shows, or what stands on paper."""

    code = forms.CharField(
        label=later("Code"),
        max_length=LONGEST,
        help_text=later("Six digits from your app, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Lets somebody in by address and password. Which one was wrong is not said: nobody learns who has an account."""
    if request.user.is_authenticated:
        return see(going(request))
    if the_organisation() is None:
        return render(request, "account/not_set_up.html")
    form = SignInForm(request.POST or None)
    context = {"form": form, "next": going(request), "providers": providers()}
    if request.method != "POST":
        return render(request, "account/sign_in.html", context)
    if not form.is_valid():
        return render(request, "account/sign_in.html", context, status=422)
    now, email = timezone.now(), form.cleaned_data["email"]
    if not tries_of(request, email).take(now=now):
        return too_many(request, "account/sign_in.html", context)
    found = authenticate(request, username=email, password=form.cleaned_data["password"])
    if not isinstance(found, Person):
        security.warning("Not signed in: address and password do not fit")
        return render(request, "account/sign_in.html", context | {"refused": True}, status=422)
    tries_of(request, email).forget(now=now)
    if not has_second_factor(found):
        return let_in(request, found, through="password", url=going(request))
    security.info("Password fits, second step asked for: person/%s", found.pk)
    request.session.cycle_key()
    request.session[WAITING] = {
        "person": found.pk, "hash": found.get_session_auth_hash(), "at": now.timestamp(), "next": going(request),
    }  # fmt: skip
    return see(reverse("second-step"))


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Asks whoever knew the password for something they have. Until then they are a stranger."""
    found = waiting_person(request)
    if found is None:
        return see(reverse("sign-in"))
    form = CodeForm(request.POST if "code" in request.POST else None)
    kinds = {one.what for one in factors_of(found)}
    context = {"form": form, "codes": kinds - {PASSKEY}, "passkeys": PASSKEY in kinds}
    if request.method != "POST":
        return render(request, "account/second_step.html", context)
    now = timezone.now()
    if not second_tries_of(request, found).take(now=now):
        return too_many(request, "account/second_step.html", context)
    if "passkey" in request.POST:
        site, state = site_of(request), kept_state(request)
        proven = check_passkey(person=found, site=site, state=state, response=answered(request), now=now) is not None
    else:
        proven = form.is_valid() and bool(check_code(person=found, typed=form.cleaned_data["code"], now=now))
    if not proven:
        security.warning("Not signed in: second step of person/%s failed", found.pk)
        return render(request, "account/second_step.html", context | {"refused": True}, status=422)
    second_tries_of(request, found).forget(now=now)
    return let_in(request, found, through="password", url=request.session.pop(WAITING)["next"])


@require_POST
def second_step_passkey(request: HttpRequest) -> HttpResponse:
    """What the browser has to ask the passkey for in the second step."""
    found = waiting_person(request)
    if found is None:
        return JsonResponse({}, status=403)
    return keep(request, *ask_passkey(found, site_of(request)))


def waiting_person(request: HttpRequest) -> Person | None:
    """Who has given a right password in this session, within ten minutes, and now has to take the second step."""
    said = request.session.get(WAITING, {})
    if not 0 <= timezone.now().timestamp() - said.get("at", 0.0) < WAITS:
        return None
    found: Person | None = Person.objects.filter(pk=said["person"], is_active=True).first()
    same = found is not None and constant_time_compare(said["hash"], found.get_session_auth_hash())
    return found if same else None


@require_POST
def by_passkey(request: HttpRequest) -> HttpResponse:
    """Lets somebody in by a passkey alone: the device has asked for a finger, a face or a PIN.

    Failures are not counted: a signature cannot be guessed, and who fails belongs to no account that could be spared.
    """
    context = {"form": SignInForm(), "next": going(request), "providers": providers()}
    site, state, now = site_of(request), kept_state(request), timezone.now()
    found = check_passkey(person=None, site=site, state=state, response=answered(request), now=now)
    if found is None:
        security.warning("Not signed in: no passkey of anybody")
        return render(request, "account/sign_in.html", context | {"passkey_refused": True}, status=422)
    return let_in(request, found, through="passkey", url=going(request))


def too_many(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The same page, which says that one has to wait."""
    answer = render(request, template, context | {"too_many": True}, status=429)
    answer.headers["Retry-After"] = str(int(WINDOW.total_seconds()))
    return answer


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session, here and in the database."""
    if isinstance(request.user, Person):
        security.info("Signed out: person/%s", request.user.pk)
    logout(request)
    answer = see(reverse("sign-in"))
    answer.headers["Clear-Site-Data"] = '"cache"'  # not "storage": there the browser keeps which checkpoint it saw last
    return answer


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@proven
def password(request: HttpRequest) -> HttpResponse:
    """Changes one's own password, or sets the first one. Every other session of the same person ends with it."""
    me = person(request)
    form = PasswordForm(request.POST or None)
    if not me.has_usable_password():
        del form.fields["current"]
    if request.method != "POST":
        return render(request, "account/password.html", {"form": form})
    if form.is_valid() and "current" in form.fields:
        now, tries = timezone.now(), tries_of(request, me.email)
        if not tries.take(now=now):
            return too_many(request, "account/password.html", {"form": form})
        if me.check_password(form.cleaned_data["current"]):
            tries.forget(now=now)
        else:
            security.warning("Password not changed: person/%s did not know the present one", me.pk)
            form.add_error("current", _("This is not your present password."))
    if form.is_valid():
        try:
            change_password(actor=actor(request), person=me, password=form.cleaned_data["password"], now=timezone.now())
        except InvalidError as error:
            for sentences in error.problems.values():
                form.add_error("password", list(sentences))
    if form.errors:
        return render(request, "account/password.html", {"form": form}, status=422)
    update_session_auth_hash(request, me)
    note(request, me)
    messages.success(request, _("Password changed; other sessions have ended"))
    return see(reverse("today"))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remembers how somebody wants the pages to look."""
    try:
        chosen = request.POST.get("theme", "")
        choose_theme(actor=actor(request), person=person(request), theme=chosen, now=timezone.now())
    except InvalidError as error:
        return render(request, "400.html", {"sentence": str(error)}, status=422)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return see(going(request))


urls = [
    path("sign-in", sign_in, name="sign-in"),
    path("sign-in/second-step", second_step, name="second-step"),
    path("sign-in/second-step/passkey", second_step_passkey, name="second-step-passkey"),
    path("sign-in/passkey", by_passkey, name="sign-in-passkey"),
    path("sign-out", sign_out, name="sign-out"),
    path("password", password, name="password"),
    path("theme", theme, name="theme"),
]
