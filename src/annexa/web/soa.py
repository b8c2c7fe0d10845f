"""The statement of applicability: decided line by line or theme by theme, approved as a whole, compared, printed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annexa.actions.soa import ask_approval, decide_applicability
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_library
from annexa.answers.soa import Draft, draft, list_versions
from annexa.pure.soa import (
    REASONS,
    Choice,
    ScopeSaid,
    StatementLine,
)
from annexa.web.forms import date_field, see, sentences, takes_form_of, text_field, tried
from annexa.web.frame import actor, permitted, person
from annexa.web.narrowing import address
from annexa.web.soa_rows import REASON_WORDS, STATE_WORDS, SYSTEM_WORDS, Row, counts, row_of, themes_of
from annexa.web.tasks import Tab

YEAR = timedelta(days=365)
"""How long an exclusion counts unless somebody says otherwise."""
EVERY = "all"
"""In an address: every standard of the statement."""
SHOWN: Mapping[str, Any] = {
    EVERY: later("All"),
    "undecided": later("Undecided"),
    "excluded": later("Excluded"),
    "gaps": later("Gaps"),
    "changed": later("Changed"),
}
"""What the lines can be narrowed to."""


class DecideForm(forms.Form):
    """Whether controls apply, and why."""

    applies = forms.ChoiceField(
        label=later("It applies"), choices=[("yes", later("Yes")), ("no", later("No"))], widget=forms.RadioSelect
    )
    reasons = forms.MultipleChoiceField(
        label=later("Why it applies"),
        choices=[(one, REASON_WORDS[one]) for one in REASONS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    because = text_field(
        later("Justification"), required=False, help_text=later("Needed to leave it out; auditors read it")
    )
    until = date_field(
        later("Left out until"), required=False, help_text=later("Then somebody decides again; only for what is out")
    )


# --- the statement as it stands -----------------------------------------------------------------------------------


@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    """The statement as it stands: what is missing first, every control decided in its row, the approval asked for."""
    return _page(request)


def _page(
    request: HttpRequest,
    *,
    wrong: Sequence[str] = (),
    form: forms.Form | None = None,
    ask: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with `form` or `ask` as they were refused."""
    now = timezone.now()
    found = _drafted(request, now)
    held = found.statement
    of = request.GET.get("of", "")
    of = of if of in (*held.standards, EVERY) else next(iter(held.standards), EVERY)
    lines = [line for line in held.lines if of in (line.framework, EVERY)]
    changed = {change.key for change in found.changes if change.new}
    shown = request.GET.get("show", "")
    shown = shown if shown in SHOWN else EVERY
    decides = permitted(request, "decide_applicability")
    asks = permitted(request, "ask_statement_approval") and found.pending is None
    opened = request.GET.get("decide", "") if decides else ""
    rows = [
        _row(line, found, changed, form if opened == _key(line) else None, opened)
        for line in lines
        if _kept(line, shown, changed)
    ]
    context = {
        "heading": _("Statement of applicability"),
        "now": now,
        "found": found,
        "held": held,
        "of": of,
        "shown": shown,
        "standards": [(one, _title(one), address(request, of=one, decide="")) for one in (*held.standards, EVERY)],
        "tabs": _tabs(request, lines, shown, changed),
        "counts": counts(lines),
        "themes": themes_of(rows, lines),
        "scopes": [(SYSTEM_WORDS[one.system], one) for one in held.scopes],
        "decides": decides,
        "asks": asks,
        "asking": (ask or ask_form(held.scopes)) if asks and not found.missing else None,
        "asked_open": ask is not None,
        "reasons": [(one, REASON_WORDS[one]) for one in REASONS],
        "until": (now + YEAR).date(),
        "wrong": wrong,
        "kept": request.POST if request.method == "POST" and not opened else {},
        "proposing": len(found.proposals),
        "query": request.GET.urlencode(),
        "versions": list_versions(actor=actor(request), now=now)[:5],
        "state_words": STATE_WORDS,
    }
    return render(request, "soa/index.html", context, status=status)


def _drafted(request: HttpRequest, now: datetime) -> Draft:
    try:
        return draft(actor=actor(request), now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _title(framework: str) -> str:
    return _("All of them") if framework == EVERY else active_library().frameworks[framework].title


def _row(line: StatementLine, found: Draft, changed: set[tuple[str, str]], form: forms.Form | None, opened: str) -> Row:
    choice = found.proposals.get(line.key)
    if form is None and opened == _key(line):
        form = DecideForm(initial=_initial(line, choice, found.statement.at), auto_id="decide-%s")
    return row_of(line, choice=choice, changed=line.key in changed, form=form)


def _initial(line: StatementLine, choice: Choice | None, now: datetime) -> dict[str, Any]:
    """What the form of a line begins with: as decided, else as proposed."""
    applies = choice.applies if choice else line.applies
    return {
        "applies": "yes" if applies else "no",
        "reasons": choice.reasons if choice else line.reasons,
        "because": choice.because if choice else line.because,
        "until": line.until or (now + YEAR).date(),
    }


def _key(line: StatementLine) -> str:
    return f"{line.framework}/{line.requirement}"


def _kept(line: StatementLine, shown: str, changed: set[tuple[str, str]]) -> bool:
    """Whether a line is among those that are shown."""
    among = {
        "undecided": line.applies is None,
        "excluded": line.applies is False,
        "gaps": line.is_gap,
        "changed": line.key in changed,
    }
    return among.get(shown, True)


def _tabs(request: HttpRequest, lines: Sequence[StatementLine], shown: str, changed: set[tuple[str, str]]) -> list[Tab]:
    return [
        Tab(
            label=word,
            url=address(request, show="" if one == EVERY else one, decide=""),
            count=sum(_kept(line, one, changed) for line in lines),
            current=one == shown,
        )
        for one, word in SHOWN.items()
    ]


# --- deciding -----------------------------------------------------------------------------------------------------


@takes_form_of("statement")
def decide(request: HttpRequest) -> HttpResponse:
    """Decides the controls that were chosen, one in its row or many with one reason."""
    row = request.GET.get("decide", "")
    form = DecideForm(request.POST, auto_id="decide-%s")

    def do(given: Mapping[str, Any]) -> str:
        applies = given["applies"] == "yes"
        choices = [
            Choice(
                framework=framework, requirement=requirement, applies=applies, because=given["because"],
                reasons=tuple(given["reasons"]) if applies else (),
            )
            for framework, _slash, requirement in (one.partition("/") for one in request.POST.getlist("control"))
        ]  # fmt: skip
        return _decided(request, choices, None if applies else given["until"])

    answer = tried(request, form, do)
    if answer is not None:
        return answer
    if form.errors:
        return _page(request, wrong=[sentences(form)], form=form if row else None, status=422)
    return see(_back(request))


@takes_form_of("statement")
def confirm(request: HttpRequest) -> HttpResponse:
    """Follows what is proposed: for one theme, one standard, or all that nobody has decided."""
    framework, theme = request.POST.get("framework", ""), request.POST.get("theme", "")
    found = _drafted(request, timezone.now())
    chosen = [
        found.proposals[line.key]
        for line in found.statement.lines
        if line.key in found.proposals and framework in (line.framework, EVERY) and theme in (line.theme, "")
    ]
    form = forms.Form(request.POST)

    def do(_given: Mapping[str, Any]) -> str:
        return _decided(request, chosen, (timezone.now() + YEAR).date())

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _page(request, wrong=[sentences(form)], status=422)
    return answer or see(_back(request))


def _decided(request: HttpRequest, choices: Sequence[Choice], until: date | None) -> str:
    n = decide_applicability(
        actor=actor(request), person=person(request), choices=choices, until=until, now=timezone.now()
    )
    return ngettext("%(n)d control decided", "%(n)d controls decided", n) % {"n": n}


def _back(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("decide", None)
    return reverse("statement") + (f"?{query.urlencode()}" if query else "")


# --- approval -----------------------------------------------------------------------------------------------------


def ask_form(scopes: Sequence[ScopeSaid], given: Any = None) -> forms.Form:
    """What each management system reaches, and what the approver should know."""
    form = forms.Form(given, auto_id="ask-%s")
    for one in scopes:
        label = _("Scope: %(system)s") % {"system": SYSTEM_WORDS[one.system]}
        form.fields[one.system] = text_field(label, initial=one.text, required=False)
    form.fields["because"] = text_field(_("What changed, for who approves"), required=False)
    return form


@takes_form_of("statement")
def ask(request: HttpRequest) -> HttpResponse:
    """Freezes the statement and asks for its approval."""
    found = _drafted(request, timezone.now())
    form = ask_form(found.statement.scopes, request.POST)

    def do(given: Mapping[str, Any]) -> str:
        made = ask_approval(
            actor=actor(request), person=person(request), because=given["because"], now=timezone.now(),
            scopes={one: text for one, text in given.items() if one in SYSTEM_WORDS},
        )  # fmt: skip
        return _("Version %(n)d waits for its approval") % {"n": made.number}

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _page(request, wrong=[sentences(form)], ask=form, status=422)
    return answer or see(reverse("statement"))


urls = [
    path("statement", statement, name="statement"),
    path("statement/decide", decide, name="statement-decide"),
    path("statement/confirm", confirm, name="statement-confirm"),
    path("statement/ask", ask, name="statement-ask"),
]
