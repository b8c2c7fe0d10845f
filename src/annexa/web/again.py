"""Before a dangerous act: whoever sits there shows once more that it is they. `proven` is all a view has to name."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as later
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from annexa.actions.second_factors import check_code, check_passkey, factors_of
from annexa.actions.sign_in import PROVED, WINDOW, recently_proven
from annexa.records.sign_in import PASSKEY
from annexa.web.entering import PROVIDERS, THROUGH, renew, second_tries_of, tries_of
from annexa.web.frame import person
from annexa.web.passkeys import answered, kept_state, site_of

security = logging.getLogger("annexa.security")
View = Callable[..., HttpResponse]
LONGEST = 4096


def proven(view: View) -> View:
    """Lets a page be used only within ten minutes of a proof: signing in is one, and so is the page this leads to."""

    @wraps(view)
    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if recently_proven(request.session, now=timezone.now()):
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else _came_from(request)
        answer = HttpResponseRedirect(f"{reverse('again')}?{urlencode({'next': back})}")
        answer.status_code = 303
        return answer

    return handle


def _came_from(request: HttpRequest) -> str:
    """The page whose form was sent, without its host."""
    parts = urlsplit(request.headers.get("Referer", ""))
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class AgainForm(forms.Form):
    """Something that only this person knows or has."""

    typed = forms.CharField(
        label=later("Password, or a code of your app"),
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


@sensitive_post_parameters("typed")
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """Asks for the password, a code or a passkey; one of them is enough. Who came by a provider may go there again."""
    me, now = person(request), timezone.now()
    form = AgainForm(request.POST if "typed" in request.POST else None)
    own = factors_of(me)
    context = {
        "form": form if me.has_usable_password() or own else None,
        "passkeys": any(one.what == PASSKEY for one in own),
        "provider": request.session.get(THROUGH) if request.session.get(THROUGH) in PROVIDERS else "",
        "next": going_on(request),
    }
    if request.method != "POST":
        return render(request, "account/again.html", context)
    tries = (tries_of(request, me.email), second_tries_of(request, me))
    if not all(one.take(now=now) for one in tries):
        answer = render(request, "account/again.html", context | {"too_many": True}, status=429)
        answer.headers["Retry-After"] = str(int(WINDOW.total_seconds()))
        return answer
    if not _proves(request, form):
        security.warning("Not shown again: person/%s", me.pk)
        return render(request, "account/again.html", context | {"refused": True}, status=422)
    for one in tries:
        one.forget(now=now)
    request.session[PROVED] = now.timestamp()
    renew(request, me)
    answer = HttpResponseRedirect(going_on(request))
    answer.status_code = 303
    return answer


def _proves(request: HttpRequest, form: AgainForm) -> bool:
    me, now = person(request), timezone.now()
    if "passkey" in request.POST:
        found = check_passkey(
            person=me, site=site_of(request), state=kept_state(request), response=answered(request), now=now
        )
        return found is not None
    if not form.is_valid():
        return False
    typed = form.cleaned_data["typed"]
    return me.check_password(typed) or bool(check_code(person=me, typed=typed, now=now))


def going_on(request: HttpRequest) -> str:
    """Where somebody was on their way to, if that is a page of ours; else Today."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else reverse("today")


urls = [path("account/again", again, name="again")]
