"""How one is mailed what waits for one: chosen by oneself, whatever the others choose."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from annexa.actions.mails import DIGEST_HOUR, choose_mail
from annexa.answers.mails import choice_of, is_on
from annexa.pure.mails import HOWS
from annexa.web.forms import see
from annexa.web.frame import actor, person

HOW_WORDS = {
    "at once": later("At once, when something new waits for me"),
    "daily": later("Once a day, if something new waits for me"),
    "never": later("Never"),
}


class MailForm(forms.Form):
    """How somebody wants to be mailed."""

    how = forms.ChoiceField(label=later("Mail me"), choices=[(one, HOW_WORDS[one]) for one in HOWS])


@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: HttpRequest) -> HttpResponse:
    """Shows how one is mailed, and keeps what one chooses."""
    me = person(request)
    form = MailForm(request.POST if request.method == "POST" else None, initial={"how": choice_of(person=me)})
    context: dict[str, Any] = {"form": form, "on": is_on(), "hour": f"{DIGEST_HOUR:02d}:00 UTC"}
    if request.method != "POST":
        return render(request, "account/mail.html", context)
    if not form.is_valid():
        return render(request, "account/mail.html", context, status=422)
    choose_mail(actor=actor(request), person=me, how=form.cleaned_data["how"], now=timezone.now())
    messages.success(request, _("Kept"))
    return see(reverse("mail"))


urls = [path("mail", mail, name="mail")]
