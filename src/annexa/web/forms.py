"""Forms that several pages share, and doing what a form asks: done, shown again with what is wrong, or refused."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.pure import instants
from annexa.pure.facts import JUDGEMENT_KINDS
from annexa.web.refused import refused

LONGEST = 10_000
KINDS = {
    "major nonconformity": later("Major nonconformity"),
    "minor nonconformity": later("Minor nonconformity"),
    "accepted exception": later("Accepted exception, until a date"),
    "exclusion": later("Exclusion, until a date"),
}

Bound = Mapping[str, forms.Form]
"""The forms that were refused, by what they are for."""
View = Callable[..., HttpResponse]


def date_field(label: Any, **more: Any) -> forms.DateField:
    """A day, chosen in the browser's own calendar."""
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


def text_field(label: Any, rows: int = 2, **more: Any) -> forms.CharField:
    """Some sentences."""
    return forms.CharField(label=label, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows}), **more)


class JudgementForm(forms.Form):
    """What a person found or accepted beside the verdict."""

    kind = forms.ChoiceField(label=later("Judgement"), choices=[(k, KINDS[k]) for k in JUDGEMENT_KINDS])
    because = text_field(later("What was found or accepted, and why"))
    ends_at = date_field(
        later("Ends on"), required=False, help_text=later("An exception or exclusion needs it; it is looked at again")
    )


class ClosureForm(forms.Form):
    """The end of a judgement."""

    because = text_field(later("What was done"))


def fresh(kind: type[forms.Form], key: str, **initial: Any) -> forms.Form:
    """An empty form whose fields have ids of their own in the page."""
    return kind(auto_id=f"{key}-%s", initial=initial)


def beginning_of(on: date | None) -> datetime | None:
    """The first instant of a day."""
    return instants.beginning_of(on) if on else None


def end_of(on: date | None) -> datetime | None:
    """The last instant of a day."""
    return instants.end_of(on) if on else None


def tried(
    request: HttpRequest, form: forms.Form, do: Callable[[Mapping[str, Any]], str], *, back: str = ""
) -> HttpResponse | None:
    """Validates and does; what is wrong goes into the form, what is refused is answered at once, with a way `back`."""
    if not form.is_valid():
        return None
    try:
        messages.success(request, do(form.cleaned_data))
    except InvalidError as error:
        for field, sentences in error.problems.items():
            for sentence in sentences:
                form.add_error(field if field in form.fields else None, sentence)
    except NotPermittedError as error:
        return refused(request, status=403, title=_("Not yours to do"), text=str(error), back=back)
    except ConflictError as error:
        return refused(request, status=409, title=_("Changed meanwhile"), text=str(error), back=back)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    return None


def tried_or_told(
    request: HttpRequest, form: forms.Form, do: Callable[[Mapping[str, Any]], str], *, wrong: str, back: str
) -> HttpResponse:
    """The same for a form that has no page of its own: goes back, or says under the title `wrong` what is wrong."""
    answer = tried(request, form, do, back=back)
    if answer is None and form.errors:
        answer = refused(request, status=422, title=wrong, text=sentences(form), back=back)
    return answer or see(back)


def sentences(form: forms.Form) -> str:
    """Everything that is wrong with a form, one sentence after the other."""
    return " ".join(
        str(error) if field == "__all__" or field not in form.fields else f"{form[field].label}: {error}"
        for field, errors in form.errors.items()
        for error in errors
    )


def see(url: str) -> HttpResponse:
    """Sends the browser to a page after something was done."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def takes_form_of(page: str, *, beyond: str = "") -> Callable[[View], View]:
    """Takes what a form sends. Who comes by the address alone, after signing in again, is led to the form's page.

    `beyond`: the part of the form's address that the address of its page does not have.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def handle(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, **kwargs)
            if request.method in {"GET", "HEAD"}:
                query = request.GET.urlencode()
                there = {name: value for name, value in kwargs.items() if name != beyond}
                return HttpResponseRedirect(reverse(page, kwargs=there) + (f"?{query}" if query else ""))
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])

        return handle

    return mark
