"""Uses of AI: asking for one in two minutes, the answer with its reasons, what waits for a decision, the catalogue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.uses import ask_use, decide_use, renew_use, withdraw_use
from annexa.answers.errors import UnknownError
from annexa.answers.registers import targets
from annexa.answers.uses import Offered, UseRequest, catalogue, units_to_ask_from, use_request, use_requests
from annexa.pure.permits import Refusal, may_somewhere
from annexa.pure.register import Entry
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.tools import EVERYDAY, HIGH_RISK, PERSONAL, PROHIBITED
from annexa.pure.registers.uses import RESULTS, SETTLED, USES
from annexa.pure.systems import PEOPLE
from annexa.web.forms import Bound, date_field, see, takes_form_of, text_field, tried
from annexa.web.frame import actor, person
from annexa.web.record_forms import parse_seen

LOOKS: Mapping[str, tuple[str, Any]] = {
    "approved": ("pass", later("Approved")),
    "approved with conditions": ("pass", later("Approved with conditions")),
    "with owner": ("idle", later("Waits for a decision")),
    "refused": ("fail", later("Refused")),
    "": ("idle", later("Nobody answered yet")),
}
"""The mark and the words of an answer."""
STATES: Mapping[str, tuple[str, Any]] = {
    "approved": ("pass", later("Approved")),
    "restricted": ("soon", later("Only where its owner agrees")),
    "forbidden": ("fail", later("Forbidden")),
    "unassessed": ("idle", later("Not assessed yet")),
    "": ("idle", later("Not assessed yet")),
}
"""The mark and the words of a tool."""
KINDS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (later("Everyday work"), EVERYDAY),
    (later("High-risk by law"), HIGH_RISK),
    (later("Forbidden by law"), PROHIBITED),
)


def _said(word: str) -> str:
    return word[:1].upper() + word[1:]


def _choices(words: tuple[str, ...], empty: Any = "") -> list[tuple[str, Any]]:
    return [*([("", empty)] if empty else []), *((word, _said(word)) for word in words)]


def _purposes(empty: Any) -> list[Any]:
    return [("", empty), *((title, [(word, _said(word)) for word in words]) for title, words in KINDS)]


class AskForm(forms.Form):
    """What policy needs to know, in eight fields."""

    name = forms.CharField(
        label=later("What is it to do?"), max_length=300,
        help_text=later("Such as: first drafts of answers to customer mail."),
    )  # fmt: skip
    tool = forms.ChoiceField(label=later("Which tool?"), required=False)
    tool_named = forms.CharField(
        label=later("Another tool"), max_length=300, required=False,
        help_text=later("Its name or address, if it is not in the list."),
    )  # fmt: skip
    purpose = forms.ChoiceField(label=later("What kind of work is it?"))
    data_class = forms.ChoiceField(label=later("The most sensitive information that goes in"))
    personal_data = forms.ChoiceField(label=later("Data about people that goes in"))
    people = forms.MultipleChoiceField(
        label=later("Whom does the result bear on?"), choices=_choices(PEOPLE), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    result = forms.ChoiceField(label=later("What happens with what it gives?"))
    unit = forms.ChoiceField(
        label=later("Where is it used?"), required=False,
        help_text=later("Units may have rules of their own; if you leave it open, a person decides about those."),
    )  # fmt: skip

    def __init__(self, *args: Any, offered: tuple[Offered, ...], units: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        if not units:
            del self.fields["unit"]
        tools = [(one.row.slug, f"{one.row.name} ({STATES[one.row.entry.status][1]})") for one in offered]
        options = {
            "tool": [("", _("Another one, named below")), *tools],
            "purpose": _purposes(_("Choose")),
            "data_class": _choices(CLASSIFICATIONS, _("Choose")),
            "personal_data": _choices(PERSONAL, _("Choose")),
            "result": _choices(RESULTS, _("Choose")),
            "unit": [("", _("Nowhere in particular")), *((one, one) for one in units)],
        }
        for name, choices in options.items():
            if name not in self.fields:
                continue
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  all of these are
            field.choices = choices

    def entry(self) -> Entry:
        """The request as it was typed."""
        said = {name: tuple(value) if isinstance(value, list) else value for name, value in self.cleaned_data.items()}
        return USES.make(said)


class DecideForm(forms.Form):
    """A decision, with what policy proposes filled in."""

    decision = forms.ChoiceField(
        label=later("Decision"), choices=_choices(SETTLED), widget=forms.RadioSelect,
        error_messages={"required": later("Choose one.")},
    )  # fmt: skip
    because = text_field(later("Why; whoever asked reads it"), required=False)
    conditions = text_field(later("Conditions"), required=False)
    review_on = date_field(later("Approved until"), required=False)
    systems = forms.MultipleChoiceField(label=later("The AI system it is registered as"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, request: UseRequest, systems: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["systems"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  it is
        field.choices = systems
        if not request.assessment.register:
            del self.fields["systems"]


class RenewForm(forms.Form):
    """Another day on which an approval ends."""

    because = text_field(later("Did its benefit come about? Why does it go on?"))
    review_on = date_field(later("Approved until"))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


class WithdrawForm(forms.Form):
    """A request that is taken back, or a use that is over."""

    because = text_field(later("Why"))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request in a list: how its answer looks and reads, and the form that is opened beneath it."""

    found: UseRequest
    mark: str
    word: Any
    form: forms.Form | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool in the catalogue: how it stands, or what would come of the use that is asked about."""

    row: Any
    purposes: tuple[str, ...]
    mark: str
    word: Any
    answer: Any


# --- asking -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form, and with it the answer at once."""
    _ask_may(request)
    offered = catalogue(actor=actor(request), about=None, now=timezone.now())
    begun = {
        name: request.GET.get(name, "") for name in ("tool", "tool_named", "purpose", "data_class", "personal_data")
    }
    mine, every = units_to_ask_from(actor=actor(request))
    begun["unit"] = mine[0] if len(mine) == 1 else ""
    form = AskForm(request.POST if request.method == "POST" else None, offered=offered, units=every, initial=begun)
    made: list[str] = []

    def do(_given: Mapping[str, Any]) -> str:
        row = ask_use(actor=actor(request), person=person(request), entry=form.entry(), now=timezone.now())
        made.append(row.slug)
        return _("Asked, and answered below")

    if request.method == "POST":
        answer = tried(request, form, do)
        if answer is not None or made:
            return answer or see(reverse("use-request", args=[made[0]]))
    status = 422 if form.errors else 200
    return render(request, "uses/ask.html", {"heading": _("Ask to use an AI tool"), "form": form}, status=status)


@require_safe
def one(request: HttpRequest, use: str) -> HttpResponse:
    """One request: the answer, why, on which conditions, until when, and what can be done with it."""
    return _page(request, _found(request, use), {}, 200)


# --- what waits ---------------------------------------------------------------------------------------------------


@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """What waits for a decision of mine, what is to be renewed, and what I asked for."""
    return _list(request, {}, 200)


@takes_form_of("use-request")
def decide(request: HttpRequest, use: str) -> HttpResponse:
    """Decides about a request, in its row or on its page."""
    found = _found(request, use)
    form = _decide_form(request, found, request.POST)

    def do(given: Mapping[str, Any]) -> str:
        done = decide_use(
            actor=actor(request), person=person(request), slug=use, decision=given["decision"],
            because=given["because"], conditions=given["conditions"], review_on=given["review_on"],
            systems=given.get("systems", ()), seen=parse_seen(given["seen"]), now=timezone.now(),
        )  # fmt: skip
        return f"{done.name}: {LOOKS[done.entry.decision][1]}"

    return _done(request, found, "decide", form, do)


@takes_form_of("use-request")
def renew(request: HttpRequest, use: str) -> HttpResponse:
    """Lets an approved use go on."""
    form = RenewForm(request.POST, auto_id=f"renew-{use}-%s")

    def do(given: Mapping[str, Any]) -> str:
        done = renew_use(
            actor=actor(request), person=person(request), slug=use, because=given["because"],
            review_on=given["review_on"], seen=parse_seen(given["seen"]), now=timezone.now(),
        )  # fmt: skip
        return _("%(name)s goes on") % {"name": done.name}

    return _done(request, _found(request, use), "renew", form, do)


@takes_form_of("use-request")
def withdraw(request: HttpRequest, use: str) -> HttpResponse:
    """Takes a request back, or says that a use is over."""
    form = WithdrawForm(request.POST, auto_id=f"withdraw-{use}-%s")

    def do(given: Mapping[str, Any]) -> str:
        done = withdraw_use(
            actor=actor(request), person=person(request), slug=use, because=given["because"],
            seen=parse_seen(given["seen"]), now=timezone.now(),
        )  # fmt: skip
        return _("%(name)s is over") % {"name": done.name}

    return _done(request, _found(request, use), "withdraw", form, do)


# --- the catalogue ------------------------------------------------------------------------------------------------


@require_safe
def tools(request: HttpRequest) -> HttpResponse:
    """What staff may use for what with which data; asked about a use, what would come of it with each tool."""
    about = _about(request.GET)
    found = catalogue(actor=actor(request), about=about, now=timezone.now())
    context = {
        "heading": _("Which AI tool may I use?"),
        "tools": [_tool(one) for one in found],
        "approved": sum(one.row.entry.status == "approved" for one in found),
        "about": about,
        "purposes": KINDS,
        "classes": CLASSIFICATIONS,
        "personal": PERSONAL,
        "query": request.GET.urlencode(),
    }
    return render(request, "uses/catalogue.html", context)


def _about(query: QueryDict) -> Entry | None:
    """The use that an address asks about; what it does not say is the mildest."""
    said = {name: query.get(name, "") for name in ("purpose", "data_class", "personal_data")}
    known = {name: word for name, word in said.items() if word and word in USES.field[name].choices}
    if "purpose" not in known:
        return None
    return USES.make({"data_class": CLASSIFICATIONS[0], "personal_data": PERSONAL[0], "result": RESULTS[0], **known})


def _tool(offered: Offered) -> Tool:
    entry, answer = offered.row.entry, offered.answer
    mark, word = LOOKS[answer.outcome] if answer else STATES[entry.status]
    if answer and answer.outcome == "with owner":
        word = _("Ask first")
    return Tool(row=offered.row, purposes=entry.purposes, mark=mark, word=word, answer=answer)


# --- parts --------------------------------------------------------------------------------------------------------


def _ask_may(request: HttpRequest) -> None:
    if isinstance(may_somewhere(actor(request), "ask_use"), Refusal):
        raise Http404(_("There is nothing here for you."))


def _found(request: HttpRequest, use: str) -> UseRequest:
    try:
        return use_request(actor=actor(request), slug=use, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _row(request: HttpRequest, found: UseRequest, kind: str = "", bound: Bound | None = None) -> Row:
    mark, word = LOOKS[found.row.entry.decision]
    makers: Mapping[str, Callable[[], forms.Form]] = {
        "decide": lambda: _decide_form(request, found),
        "renew": lambda: RenewForm(
            auto_id=f"renew-{found.row.slug}-%s",
            initial={"review_on": found.assessment.until, "seen": found.row.changed_at.isoformat()},
        ),
    }
    form = (bound or {}).get(found.row.slug) or (makers[kind]() if kind else None)
    return Row(found=found, mark=mark, word=word, form=form)


def _decide_form(request: HttpRequest, found: UseRequest, data: QueryDict | None = None) -> DecideForm:
    """The form with what policy proposes: its conditions, and a year or until the tool's approval ends."""
    systems = (
        [(one.slug, one.name) for one in targets(actor=actor(request), noun="ai_system")]
        if found.assessment.register
        else []
    )
    first = {
        "conditions": "\n".join(found.assessment.conditions),
        "review_on": found.assessment.until,
        "seen": found.row.changed_at.isoformat(),
        "systems": found.row.entry.systems,
    }
    return DecideForm(data, request=found, systems=systems, auto_id=f"decide-{found.row.slug}-%s", initial=first)


def _done(
    request: HttpRequest, found: UseRequest, kind: str, form: forms.Form, do: Callable[[Mapping[str, Any]], str]
) -> HttpResponse:
    """Does it and goes back to where it was asked; or shows the form again with what is wrong."""
    answer = tried(request, form, do)
    if answer is not None:
        return answer
    listed = request.POST.get("from") == "list"
    if form.errors:
        return _list(request, {found.row.slug: form}, 422) if listed else _page(request, found, {kind: form}, 422)
    return see(reverse("use-requests") if listed else reverse("use-request", args=[found.row.slug]))


def _list(request: HttpRequest, bound: Bound, status: int) -> HttpResponse:
    found = use_requests(actor=actor(request), now=timezone.now())
    context = {
        "heading": _("Use requests"),
        "now": timezone.now(),
        "found": found,
        "waiting": [_row(request, one, "decide", bound) for one in found.waiting],
        "due": [_row(request, one, "renew", bound) for one in found.due],
        "mine": [_row(request, one) for one in found.mine],
        "opened": next(iter(bound), ""),
        "wrong": next(iter(bound.values()), None),
        "decides": not isinstance(may_somewhere(actor(request), "decide_use"), Refusal),
    }
    return render(request, "uses/requests.html", context, status=status)


def _page(request: HttpRequest, found: UseRequest, bound: Bound, status: int) -> HttpResponse:
    slug, seen = found.row.slug, {"seen": found.row.changed_at.isoformat()}
    context = {
        "heading": found.row.name,
        "now": timezone.now(),
        "row": _row(request, found),
        "use": found.row.entry,
        "found": found,
        "reasons": found.row.entry.reasons.splitlines(),
        "conditions": found.row.entry.conditions.splitlines(),
        "decide_form": (bound.get("decide") or _decide_form(request, found)) if found.decides else None,
        "renew_form": (bound.get("renew") or _row(request, found, "renew").form)
        if found.decides and found.stands
        else None,
        "withdraw_form": (bound.get("withdraw") or WithdrawForm(auto_id=f"withdraw-{slug}-%s", initial=seen))
        if found.withdraws
        else None,
        "opened": next(iter(bound), "decide" if found.waits else ""),
        "wrong": next(iter(bound.values()), None),
        "leads": found.decides,
    }
    return render(request, "uses/request.html", context, status=status)


urls = [
    path("uses/ask", ask, name="use-ask"),
    path("uses/requests", requests, name="use-requests"),
    path("uses/requests/<slug:use>", one, name="use-request"),
    path("uses/requests/<slug:use>/decide", decide, name="use-decide"),
    path("uses/requests/<slug:use>/renew", renew, name="use-renew"),
    path("uses/requests/<slug:use>/withdraw", withdraw, name="use-withdraw"),
    path("tools/catalogue", tools, name="tool-catalogue"),
]
