"""First start: set up the organisation or explore a demo, with the link printed in the terminal."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as later
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.errors import ConflictError, InvalidError
from annexa.actions.organisation import (
    demo_token,
    first_token,
    may_enter,
    set_up_organisation,
    start_links,
    the_organisation,
)
from annexa.actions.people import first_administrator
from annexa.web.again import LONGEST
from annexa.web.entering import let_in

__all__ = ["demo_token", "enter", "first_token", "start_links", "urls", "welcome"]


class SetUpForm(forms.Form):
    """The organisation and its first administrator."""

    name = forms.CharField(
        label=later("Name of the organisation"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    person_name = forms.CharField(
        label=later("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(label=later("Your email"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=later("Password"),
        strip=False,
        max_length=LONGEST,
        help_text=later("At least 12 characters; a few unrelated words are best."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """The first page of an empty installation: explore a demo, or set up your own organisation. Then it is gone."""
    if not constant_time_compare(token, first_token()) or the_organisation() is not None:
        raise Http404("This link is not valid, or was used already.")
    if request.method != "POST":
        return render(request, "start/welcome.html", {"form": SetUpForm()})
    if request.POST.get("choice") == "demo":
        return _explore(request)
    return _set_up(request, SetUpForm(request.POST))


def _explore(request: HttpRequest) -> HttpResponse:
    from annexa.actions.demo import create_demo  # read only when it is wanted: a whole made-up company

    try:
        person = create_demo(now=timezone.now())
    except ConflictError as error:  # somebody else was faster, and set up an organisation
        return render(request, "start/taken.html", {"sentence": str(error)}, status=409)
    return let_in(request, person, through="link", url=reverse("today"))


def _set_up(request: HttpRequest, form: SetUpForm) -> HttpResponse:
    if form.is_valid():
        typed = form.cleaned_data
        try:
            _organisation, person = set_up_organisation(
                name=typed["name"],
                admin_email=typed["email"],
                admin_name=typed["person_name"],
                password=typed["password"],
                now=timezone.now(),
            )
        except InvalidError as error:
            for field, sentences in error.problems.items():
                form.add_error(field if field in form.fields else None, list(sentences))
        except ConflictError as error:
            return render(request, "start/taken.html", {"sentence": str(error)}, status=409)
        else:
            return let_in(request, person, through="password", url=reverse("systems-import"))
    return render(request, "start/welcome.html", {"form": form}, status=422)


@require_safe
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in as the administrator of a demo organisation, by the link printed where the server was started."""
    person = first_administrator()
    if person is None or not may_enter(token):
        raise Http404("This link is not valid, or is older than a day.")
    return let_in(request, person, through="link", url=reverse("today"))


urls = [
    path("welcome/<str:token>", welcome, name="welcome"),
    path("enter/<str:token>", enter, name="enter"),
]
