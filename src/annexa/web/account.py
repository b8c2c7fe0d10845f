"""Signing in and out, password, theme."""

import hashlib
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annexa.actions.errors import InvalidError
from annexa.actions.organisation import the_organisation
from annexa.actions.people import change_password, choose_theme
from annexa.web.frame import actor, person

WINDOW = 15 * 60
"""Seconds for which failures are remembered, from the first one on."""
MOST_PER_ACCOUNT = 10
MOST_PER_ADDRESS = 100
LONGEST = 4096


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
    """A new password, and the present one to show that it is still you who sits there."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often somebody at one network address has tried to be one account. Kept by this process, for 15 minutes."""

    address: str
    account: str

    def take(self) -> bool:
        """Counts one try before its password is looked at; False when there were too many."""
        if _counted(self._place) > MOST_PER_ADDRESS:
            return False
        return _counted(self._pair) <= MOST_PER_ACCOUNT

    def forget(self) -> None:
        """The try was no failure."""
        cache.delete(self._pair)
        if cache.get(self._place):
            cache.decr(self._place)

    @property
    def _place(self) -> str:
        return f"tries:{hashlib.sha256(self.address.encode()).hexdigest()}"

    @property
    def _pair(self) -> str:
        told = f"{self.address}\n{self.account.strip().lower()}"
        return f"tries:{hashlib.sha256(told.encode()).hexdigest()}"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Lets somebody in by address and password. Which one was wrong is not said: nobody learns who has an account."""
    if request.user.is_authenticated:
        return see(going(request))
    if the_organisation() is None:
        return render(request, "account/not_set_up.html")
    form = SignInForm(request.POST or None)
    context = {"form": form, "next": going(request)}
    if request.method != "POST":
        return render(request, "account/sign_in.html", context)
    if not form.is_valid():
        return render(request, "account/sign_in.html", context, status=422)
    tries = Tries(address=request.META.get("REMOTE_ADDR", ""), account=form.cleaned_data["email"])
    if not tries.take():
        answer = render(request, "account/sign_in.html", context | {"too_many": True}, status=429)
        answer.headers["Retry-After"] = str(WINDOW)
        return answer
    found = authenticate(request, username=form.cleaned_data["email"], password=form.cleaned_data["password"])
    if found is None:
        return render(request, "account/sign_in.html", context | {"refused": True}, status=422)
    tries.forget()
    login(request, found)
    return see(going(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session, here and in the database."""
    logout(request)
    return see(reverse("sign-in"))


@sensitive_post_parameters("current", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Changes one's own password. Every other session of the same person ends with it."""
    form = PasswordForm(request.POST or None)
    if request.method != "POST":
        return render(request, "account/password.html", {"form": form})
    me, tries = person(request), Tries(address="signed in", account=person(request).email)
    if form.is_valid() and not tries.take():
        return render(request, "account/password.html", {"form": form, "too_many": True}, status=429)
    if form.is_valid() and not me.check_password(form.cleaned_data["current"]):
        form.add_error("current", _("This is not your present password."))
    if form.is_valid():
        tries.forget()
        try:
            change_password(actor=actor(request), person=me, password=form.cleaned_data["password"], now=timezone.now())
        except InvalidError as error:
            for sentences in error.problems.values():
                form.add_error("password", list(sentences))
    if form.errors:
        return render(request, "account/password.html", {"form": form}, status=422)
    update_session_auth_hash(request, me)
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


def going(request: HttpRequest) -> str:
    """Where somebody wanted to go, if that is a page of ours; else Today."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else reverse("today")


def see(url: str) -> HttpResponseRedirect:
    """Sends the browser to a page after something was done."""
    answer = HttpResponseRedirect(url)
    answer.status_code = 303
    return answer


def _counted(key: str) -> int:
    """One more under this key; how many that makes since the first."""
    cache.add(key, 0, timeout=WINDOW)
    try:
        return cache.incr(key)
    except ValueError:  # it ran out between the two
        cache.set(key, 1, timeout=WINDOW)
        return 1


urls = [
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", sign_out, name="sign-out"),
    path("password", password, name="password"),
    path("theme", theme, name="theme"),
]
