"""Changing many records of a register at once: those that were ticked, or all that a filter leaves."""

from collections.abc import Sequence
from hashlib import sha256

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.registers import MOST_AT_ONCE, change_records
from annexa.answers.registers import matching_slugs, names_of
from annexa.pure.permits import Refusal, may_somewhere
from annexa.pure.register import Register
from annexa.web.converters import REGISTER
from annexa.web.frame import actor
from annexa.web.lists import address
from annexa.web.record_forms import ManyForm
from annexa.web.refused import refused
from annexa.web.registers import asked_of

NAMED = 10
"""Records that the page names; the others it counts."""


@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest, register: Register) -> HttpResponse:
    """The form that gives many records the same values; all of them or none are changed."""
    who, heading = actor(request), f"Change many {register.many}"
    answer = may_somewhere(who, register.change)
    if isinstance(answer, Refusal):
        return refused(request, status=403, title=heading, text=answer.because)
    slugs = _chosen(request, register)
    form = ManyForm(register, request.POST or None, who=who, initial=register.to_json(register.make({})))
    seen = request.POST.get("chosen", "")
    if request.method == "POST" and form.is_valid():
        if seen != mark_of(slugs):
            form.add_error(None, "The filter leaves other records than those you saw. Look at them and save again.")
            return _page(request, register, form, slugs, heading, status=409)
        try:
            n = change_records(
                actor=who, register=register, slugs=slugs, values=form.values(), now=timezone.now(),
                because=form.cleaned_data["because"],
            )  # fmt: skip
            messages.success(request, f"{n:,} of {len(slugs):,} {register.many} changed")
            return HttpResponseRedirect(_back(request.GET, register), status=303)
        except InvalidError as error:
            form.tell(error.problems)
        except (NotFoundError, NotPermittedError) as error:
            form.add_error(None, str(error))
    return _page(request, register, form, slugs, heading)


def mark_of(slugs: Sequence[str]) -> str:
    """A digest of which records somebody saw."""
    return sha256("\n".join(slugs).encode()).hexdigest()


def _chosen(request: HttpRequest, register: Register) -> tuple[str, ...]:
    """The records the address is about: those it names, or all that its filter leaves."""
    if request.GET.get("these") == "filter":
        asked = asked_of(register, request.GET)
        return matching_slugs(actor=actor(request), register=register, asked=asked, now=timezone.now())
    return tuple(dict.fromkeys(request.GET.getlist("slug")))[:MOST_AT_ONCE]


def _back(query: QueryDict, register: Register) -> str:
    """The list as it was."""
    return address(reverse("register", args=[register]), query, slug="", these="", sort="-changed")


def _page(
    request: HttpRequest, register: Register, form: ManyForm, slugs: Sequence[str], heading: str, status: int = 0
) -> HttpResponse:
    who, here = actor(request), reverse("register-bulk", args=[register])
    named = names_of(actor=who, noun=register.noun, slugs=slugs[:NAMED])
    asked = asked_of(register, request.GET)
    every = matching_slugs(actor=who, register=register, asked=asked, now=timezone.now())
    context = {
        "heading": heading,
        "register": register,
        "form": form,
        "chosen": len(slugs),
        "named": [(slug, named.get(slug, slug)) for slug in slugs[:NAMED]],
        "mark": mark_of(slugs),
        "everything": len(every) if set(every) - set(slugs) else 0,
        "everything_url": address(here, request.GET, slug="", these="filter"),
        "too_many": MOST_AT_ONCE if len(slugs) > MOST_AT_ONCE else 0,
        "back": _back(request.GET, register),
    }
    return render(request, "records/bulk.html", context, status=status or (422 if form.errors else 200))


urls = [path(f"{REGISTER}/bulk", bulk, name="register-bulk")]
