"""Access reviews: the list of them, a new one, the page on which hundreds of lines are decided, and what follows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django import forms
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.access_reviews import carry_out_access, close_access_review, decide_access, open_access_review
from annexa.answers.access_reviews import (
    ITSELF,
    ListLine,
    ReviewPage,
    Row,
    decisions_of,
    export_review,
    find_decision,
    list_access_lists,
    list_reviews,
    not_reviewed,
    review_page,
    waiting_access,
)
from annexa.answers.errors import UnknownError
from annexa.answers.owners import candidates
from annexa.pure.access_lists import RIGHTS
from annexa.pure.access_reviews import FLAGS
from annexa.pure.permits import VERBS, Permit, may
from annexa.pure.words import fold
from annexa.records.people import Person
from annexa.web.again import proven
from annexa.web.forms import date_field, fresh, see, sentences, takes_form_of, text_field, tried
from annexa.web.frame import actor, person
from annexa.web.narrowing import address
from annexa.web.owners import chosen_person, owner_field
from annexa.web.refused import refused
from annexa.web.systems import refusal_of
from annexa.web.systems import refused as not_permitted
from annexa.web.tasks import Tab

SIZE = 100
"""Lines on a page; more are decided at once by what the filters leave."""
USUAL_DAYS = 14
HERE = "annexa"
"""Where a decision is carried out, if Annexa is to do it."""
FLAG_WORDS: Mapping[str, Any] = {
    "still there": later("was to go, still there"),
    "leaver": later("has left, or is inactive"),
    "self": later("your own"),
    "nobody named": later("nobody named"),
    "shared": later("shared account"),
    "administers": later("administers"),
    "two powers": later("changes it and releases or approves it"),
    "dormant": later("not used for 90 days"),
    "duplicate": later("listed twice"),
    "new": later("new since last time"),
    "changed": later("changed since last time"),
}
"""What a line is flagged for, in words."""
STATE_WORDS: Mapping[str, Any] = {
    "open": later("open"),
    "late": later("late"),
    "done": later("done"),
    "left open": later("ended with lines left open"),
}
SHOWN: Mapping[str, Any] = {
    "undecided": later("Undecided"),
    "all": later("All"),
    "keep": later("Kept"),
    "change": later("To change"),
    "revoke": later("Revoked"),
}
DECIDED: Mapping[str, Any] = {"keep": later("keep"), "change": later("change"), "revoke": later("revoke")}
MARKS = {"keep": "pass", "change": "soon", "revoke": "fail"}


class OpenForm(forms.Form):
    """A new review."""

    name = forms.CharField(label=later("Name"), max_length=200)
    itself = forms.BooleanField(label=later("Annexa itself, as it is now"), required=False)
    due_on = date_field(later("Due on"))
    because = text_field(later("Why now"), required=False)

    def __init__(self, *args: Any, lists: Sequence[ListLine], people: Sequence[Person], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["lists"] = forms.MultipleChoiceField(
            label=later("Lists that were imported, AI systems first"),
            choices=[(one.id, _said_of(one)) for one in lists],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        self.fields["reviewers"] = forms.MultipleChoiceField(
            label=later("Who decides"),
            choices=[(str(one.pk), one.name) for one in people],
            widget=forms.CheckboxSelectMultiple,
            help_text=later("Nobody decides about their own access, so name two where one of them has some"),
            error_messages={"required": later("Name at least one reviewer.")},
        )
        self.fields["carrier"] = owner_field(people, later("Who carries out what is changed or revoked"))
        self.order_fields(["name", "lists", "itself", "reviewers", "carrier", "due_on", "because"])


class CloseForm(forms.Form):
    """The end of a review."""

    because = text_field(later("Reason; needed if lines stay undecided"), required=False)


class DoneForm(forms.Form):
    """That a decision was carried out."""

    because = text_field(later("How it was done"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A line as the page shows it."""

    row: Row
    flags: tuple[Any, ...]
    decided: Any
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a filter and how many lines it leaves."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """One filter with its values."""

    name: str
    title: str
    choices: tuple[Choice, ...]


# --- the overview -------------------------------------------------------------------------------------------------


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """Every review and every list; what the check still lacks, and what is to be carried out."""
    now = timezone.now()
    waiting = waiting_access(actor=actor(request), now=now, person=None)
    lists = list_access_lists(actor=actor(request))
    short = not_reviewed(actor=actor(request), now=now)
    context = {
        "heading": _("Access reviews"),
        "now": now,
        "reviews": [(one, STATE_WORDS[one.state]) for one in list_reviews(actor=actor(request), now=now)],
        "lists": Paginator(lists, SIZE).get_page(request.GET.get("page")),
        "short": short[:SIZE],
        "short_count": len(short),
        "follow_ups": waiting.follow_ups,
        "opens": not refusal_of(request, "open_access_review"),
        "imports": not refusal_of(request, "import_access"),
    }
    return render(request, "access_reviews/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Opens a review of some lists, of Annexa itself, or of both."""
    if sentence := refusal_of(request, "open_access_review"):
        return not_permitted(request, _("New access review"), sentence)
    lists = _newest(list_access_lists(actor=actor(request)))
    people = [one for one in candidates(actor=actor(request)) if one.role in VERBS["decide_access"]]
    today = timezone.now().date()
    if request.method != "POST":
        fresh_lists = [one.id for one in lists if one.review is None]
        initial = {
            "name": _("Access, %(month)s") % {"month": f"{today:%B %Y}"}, "lists": fresh_lists, "itself": True,
            "due_on": today + timedelta(days=USUAL_DAYS),
        }  # fmt: skip
        return _new_page(request, OpenForm(lists=lists, people=people, initial=initial))
    form = OpenForm(request.POST, lists=lists, people=people)
    made = []

    def do(given: Mapping[str, Any]) -> str:
        made.append(
            open_access_review(
                actor=actor(request), person=person(request), name=given["name"], lists=given["lists"],
                reviewers=[chosen_person(request, one) for one in given["reviewers"]],
                carrier=chosen_person(request, given["carrier"]), due_on=given["due_on"], because=given["because"],
                itself=given["itself"], now=timezone.now(),
            )
        )  # fmt: skip
        return _("The review is open")

    answer = tried(request, form, do)
    if answer is not None:
        return answer
    return see(reverse("access-review", args=[made[0].id])) if made else _new_page(request, form, status=422)


def _new_page(request: HttpRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
    context = {"heading": _("New access review"), "form": form}
    return render(request, "access_reviews/new.html", context, status=status)


def _newest(lists: Sequence[ListLine]) -> list[ListLine]:
    """The newest list of each system, AI systems first; Annexa's own is taken anew."""
    found: dict[tuple[str, str], ListLine] = {}
    for one in lists:
        if one.kind != ITSELF:
            found.setdefault((one.kind, one.subject), one)
    return list(found.values())


def _said_of(one: ListLine) -> str:
    lines = ngettext("%(n)d line", "%(n)d lines", one.lines) % {"n": one.lines}
    taken = _("%(name)s: %(lines)s of %(day)s") % {
        "name": one.subject_name, "lines": lines, "day": one.taken_at.date().isoformat(),
    }  # fmt: skip
    return _("%(list)s, reviewed in %(review)s") % {"list": taken, "review": one.review.name} if one.review else taken


# --- one review ---------------------------------------------------------------------------------------------------


@require_safe
def review(request: HttpRequest, review: str) -> HttpResponse:
    """One review: what is worth a look on top, many lines decided at once, and how it compares with last time."""
    return _page(request, _found(request, review))


@takes_form_of("access-review")
def decide(request: HttpRequest, review: str) -> HttpResponse:
    """Decides the lines that were chosen, or all that the filters leave, with one reason."""
    found = _found(request, review)
    given = request.POST
    chosen = [row.id for row in _left(request, found) if not row.own] if given.get("all") else given.getlist("line")
    lines = [_line(one) for one in chosen]
    form = forms.Form(given)

    def do(_given: Mapping[str, Any]) -> str:
        made = decide_access(
            actor=actor(request), person=person(request), review=review, lines=lines,
            decision=given.get("decision", ""), to=given.get("to", ""), because=given.get("because", ""),
            now=timezone.now(),
        )  # fmt: skip
        return ngettext("%(n)d line decided", "%(n)d lines decided", len(made)) % {"n": len(made)}

    answer = tried(request, form, do)
    if answer is not None:
        return answer
    if form.errors:
        wrong = [str(error) for errors in form.errors.values() for error in errors]
        return _page(request, found, wrong=wrong, kept=given, status=422)
    query = request.GET.urlencode()
    return see(reverse("access-review", args=[review]) + (f"?{query}" if query else ""))


@takes_form_of("access-review")
def close(request: HttpRequest, review: str) -> HttpResponse:
    """Ends the review."""
    form = CloseForm(request.POST, auto_id="close-%s")

    def do(given: Mapping[str, Any]) -> str:
        end = close_access_review(
            actor=actor(request), person=person(request), review=review, because=given["because"], now=timezone.now()
        )
        return _("The review is done") if not end.undecided else _("The review has ended; it counts for nothing")

    answer = tried(request, form, do)
    if answer is None and form.errors:
        return _page(request, _found(request, review), wrong=[sentences(form)], close_form=form, status=422)
    return answer or see(reverse("access-review", args=[review]))


@require_safe
def line(request: HttpRequest, review: str, line: str) -> HttpResponse:
    """One line: all it says, what was decided about it and when, and the form to decide it."""
    found = _found(request, review)
    row = next((one for one in found.rows if one.id == line), None)
    if row is None:
        raise Http404(_("There is no such line."))
    source, number = _line(line)
    history = decisions_of(actor=actor(request), review=found.review, source=source, line=number)
    context = {
        "heading": row.line.account,
        "found": found,
        "row": _shown_of(row),
        "history": [(one, DECIDED[one.decision], MARKS[one.decision]) for one in history],
        "now": timezone.now(),
    }
    return render(request, "access_reviews/line.html", context)


def done(request: HttpRequest, decision: str) -> HttpResponse:
    """Says that a decision was carried out; where it is Annexa's own access, Annexa may do it, after a fresh proof."""
    answer = proven(_done) if request.POST.get("place") == HERE else _done
    return answer(request, decision)


def _done(request: HttpRequest, decision: str) -> HttpResponse:
    try:
        found = find_decision(actor=actor(request), decision=decision)
    except UnknownError as error:
        raise Http404(str(error)) from error
    back = reverse("access-review", args=[found.review_id]) + "#carry-out"
    if request.method != "POST":
        return see(back)
    form = DoneForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        carry_out_access(
            actor=actor(request), person=person(request), decision=decision, because=given["because"],
            in_place=request.POST.get("place") == HERE, now=timezone.now(),
        )  # fmt: skip
        return _("Carried out; the next list shows whether it is so")

    answer = tried(request, form, do)
    if answer is None and form.errors:
        answer = refused(request, status=422, title=_("Not carried out"), text=sentences(form))
    return answer or see(back)


def export(request: HttpRequest, review: str, file_format: Literal["csv", "xlsx"]) -> HttpResponse:
    """Every line with its decision, as a file."""
    try:
        data = export_review(actor=actor(request), review=review, file_format=file_format, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    kinds = {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    disposition = {"Content-Disposition": f'attachment; filename="access-review.{file_format}"'}
    return HttpResponse(data, content_type=kinds[file_format], headers=disposition)


def _found(request: HttpRequest, review: str) -> ReviewPage:
    try:
        return review_page(actor=actor(request), review=review, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _line(said: str) -> tuple[str, int]:
    source, _dot, number = said.partition(".")
    if not number.isdecimal():
        raise Http404(_("There is no such line."))
    return source, int(number)


def _page(
    request: HttpRequest,
    found: ReviewPage,
    *,
    wrong: Sequence[str] = (),
    kept: QueryDict | None = None,
    close_form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    left = _left(request, found)
    page = Paginator(left, SIZE).get_page(request.GET.get("page"))
    closes = found.end is None and isinstance(may(actor(request), "close_access_review"), Permit)
    total = max(found.progress.total, 1)
    shares = [
        (v, 100 * n / total)
        for v, n in (("met", found.progress.keep), ("partial", found.progress.change), ("unmet", found.progress.revoke))
    ]
    context = {
        "heading": found.review.name,
        "now": timezone.now(),
        "found": found,
        "state": STATE_WORDS[found.state],
        "bar": [(v, share, sum(one for _v, one in shares[:place])) for place, (v, share) in enumerate(shares)],
        "tabs": _tabs(request, found),
        "facets": _narrowings(request, found),
        "text": request.GET.get("q", ""),
        "shown": _show(request, found),
        "page": page,
        "groups": _grouped(page),
        "left": len(left),
        "narrowed": any(request.GET.get(name) for name in ("flag", "list", "right", "q")),
        "wrong": " ".join(wrong),
        "kept": kept or {},
        "ticked": kept.getlist("line") if kept else [],
        "query": request.GET.urlencode(),
        "close_form": (close_form or fresh(CloseForm, "close")) if closes else None,
        "carries": isinstance(may(actor(request), "carry_out_access"), Permit),
        "ends": {"token": not refusal_of(request, "revoke_token_of_others"), "grant": not refusal_of(request, "grant"),
                 "person": not refusal_of(request, "end_access")},
    }  # fmt: skip
    return render(request, "access_reviews/review.html", context, status=status)


def _show(request: HttpRequest, found: ReviewPage) -> str:
    asked = request.GET.get("show", "")
    return asked if asked in SHOWN else "undecided" if found.end is None else "all"


def _left(request: HttpRequest, found: ReviewPage) -> list[Row]:
    """The lines that the filters leave, what is worth a look first."""
    show = _show(request, found)
    flag, right, source = (request.GET.get(name, "") for name in ("flag", "right", "list"))
    words = fold(request.GET.get("q", "")[:200]).split()
    return [
        row
        for row in found.rows
        if show in {"all", row.decision.decision if row.decision else "undecided"}
        and (not flag or flag in row.flags)
        and right in {"", row.line.right}
        and source in {"", row.source}
        and all(word in _text(row) for word in words)
    ]


def _text(row: Row) -> str:
    one = row.line
    return fold(f"{one.account} {one.person} {one.email} {one.entitlement} {row.subject_name}")


def _tabs(request: HttpRequest, found: ReviewPage) -> list[Tab]:
    progress = found.progress
    counts = {
        "undecided": progress.undecided, "all": progress.total, "keep": progress.keep, "change": progress.change,
        "revoke": progress.revoke,
    }  # fmt: skip
    now = _show(request, found)
    return [
        Tab(label=str(label), url=address(request, show=name), count=counts[name], current=name == now)
        for name, label in SHOWN.items()
    ]


def _narrowings(request: HttpRequest, found: ReviewPage) -> list[Narrowing]:
    """The filters, each with what it would leave of the lines under the tab."""
    show = _show(request, found)
    rows = [row for row in found.rows if show in {"all", row.decision.decision if row.decision else "undecided"}]
    flags = Counter(flag for row in rows for flag in row.flags)
    names = {part.list.id: part.subject_name for part in found.parts}
    held: list[tuple[str, str, Mapping[str, Any], Counter[Any]]] = [
        ("flag", _("Worth a look"), {one: FLAG_WORDS[one] for one in FLAGS}, flags),
        ("right", _("Kind of right"), {one: one for one in RIGHTS}, Counter(row.line.right for row in rows)),
        ("list", _("List"), names if len(names) > 1 else {}, Counter(row.source for row in rows)),
    ]
    return [
        Narrowing(
            name=name,
            title=title,
            choices=tuple(
                Choice(value=one, label=str(label), count=counts[one], chosen=request.GET.get(name) == one)
                for one, label in words.items()
                if counts[one] or request.GET.get(name) == one
            ),
        )
        for name, title, words, counts in held
        if words
    ]


def _grouped(page: Page[Row]) -> list[tuple[str, list[Shown]]]:
    """The lines of a page by the system they are about, in the order they come."""
    found: dict[str, list[Shown]] = {}
    for row in page:
        found.setdefault(row.subject_name, []).append(_shown_of(row))
    return list(found.items())


def _shown_of(row: Row) -> Shown:
    decision = row.decision.decision if row.decision else ""
    return Shown(
        row=row,
        flags=tuple(FLAG_WORDS[flag] for flag in row.flags),
        decided=DECIDED.get(decision, ""),
        mark=MARKS.get(decision, ""),
    )


urls = [
    path("access-reviews", reviews, name="access-reviews"),
    path("access-reviews/new", new, name="access-review-new"),
    path("access-reviews/decisions/<str:decision>/done", done, name="access-done"),
    path("access-reviews/<str:review>", review, name="access-review"),
    path("access-reviews/<str:review>/decide", decide, name="access-decide"),
    path("access-reviews/<str:review>/close", close, name="access-close"),
    path("access-reviews/<str:review>/lines/<str:line>", line, name="access-line"),
    path("access-reviews/<str:review>/export.csv", export, {"file_format": "csv"}, name="access-csv"),
    path("access-reviews/<str:review>/export.xlsx", export, {"file_format": "xlsx"}, name="access-xlsx"),
]
