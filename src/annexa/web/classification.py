"""The classification of an AI system or the organisation: one question at a time, left and resumed, then reviewed."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.classification import answer_classification, ask_review, confirm_record, review_classification
from annexa.answers.applicability import titled
from annexa.answers.classification import Classified, classified, trees_of
from annexa.answers.errors import UnknownError
from annexa.pure.classify import UNKNOWN, Question
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Refusal
from annexa.pure.systems import FIELD
from annexa.web.forms import Bound, fresh, see, takes_form_of, text_field, tried
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.record_forms import parse_seen
from annexa.web.refused import refused

NONE = "-none"
STAGES: Mapping[str, Any] = {
    "unanswered": later("Not answered yet"),
    "open": later("Questions are open"),
    "settled": later("Answered, not reviewed"),
    "asked": later("Waits for review"),
    "returned": later("Returned"),
    "approved": later("Approved"),
}
WORDS: Mapping[str, Any] = {
    "annex-iii": later("Annex III"),
    "annex-i": later("Annex I"),
    "gpai": later("general-purpose model"),
    "gpai-systemic": later("general-purpose model with systemic risk"),
    "gpai_provider": later("provider of a general-purpose model"),
    "high-risk": later("high risk"),
    "sector-law": later("the law of its sector"),
    "out-of-scope": later("out of scope"),
}


class QuestionForm(forms.Form):
    """One question with its choices, and always the honest way out."""

    because = text_field(later("Note"), rows=1, required=False)

    def __init__(self, *args: Any, question: Question, **more: Any) -> None:
        super().__init__(*args, **more)
        several = question.kind == "several"
        pairs = [(one.id, one.text) for one in question.choices] or [("yes", _("Yes")), ("no", _("No"))]
        choices = [*pairs, *([(NONE, _("None of these"))] if several else []), (UNKNOWN, _("Nobody here knows yet"))]
        kind: Any = forms.MultipleChoiceField if several else forms.ChoiceField
        widget: Any = forms.CheckboxSelectMultiple if several else forms.RadioSelect
        missing = _("Tick what is true, or the line that nothing is.") if several else _("Choose an answer.")
        self.fields["answer"] = kind(
            label=question.text,
            choices=choices,
            widget=widget,
            help_text=question.help,
            error_messages={"required": missing},
        )
        self.order_fields(["answer", "because"])

    def clean_answer(self) -> str | tuple[str, ...]:
        """The answer as the questions take it: none of several is an empty tuple."""
        said = self.cleaned_data["answer"]
        if isinstance(said, str):
            return said
        if {NONE, UNKNOWN} & {*said} and len(said) > 1:
            raise forms.ValidationError(_("“None” and “nobody knows” stand alone."))
        return UNKNOWN if said == [UNKNOWN] else () if said == [NONE] else tuple(said)


class AskForm(forms.Form):
    """A request for review, with a word to the reviewer."""

    because = text_field(later("To the reviewer"), required=False)


class ReviewForm(forms.Form):
    """A decision on one revision."""

    decision = forms.ChoiceField(
        label=later("Decision"),
        widget=forms.RadioSelect,
        choices=[("approved", later("Approve it")), ("returned", later("Return it"))],
    )
    because = text_field(later("Reason"))


@require_safe
def classification(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The next question of one law, the answers so far, what follows from them, and the review."""
    return _page(request, _found(request, slug, question=request.GET.get("question", "")), bound={}, status=200)


@takes_form_of("classification")
def answer(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Keeps one answer and goes on to the next question."""
    found = _found(request, slug, question=request.POST.get("question", ""))
    if found.question is None or found.question.id != request.POST.get("question"):
        raise Http404(_("This question is not put any more."))
    form = QuestionForm(request.POST, question=found.question, auto_id="question-%s")
    question = found.question.id

    def do(given: Mapping[str, Any]) -> str:
        answer_classification(
            actor=actor(request), person=person(request), tree=found.tree.id, scope=found.scope,
            given={question: given["answer"]}, seen=request.POST.get("seen", ""), now=timezone.now(),
            because=given["because"],
        )  # fmt: skip
        return _("The answer is kept")

    return _done(request, found, "question", form, do, verb="answer_classification", place="question")


@takes_form_of("classification")
def confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes the record's answers over as one's own."""
    found = _found(request, slug)
    form = forms.Form(request.POST)

    def do(_given: Mapping[str, Any]) -> str:
        confirm_record(
            actor=actor(request), person=person(request), tree=found.tree.id, scope=found.scope,
            seen=request.POST.get("seen", ""), now=timezone.now(),
            record_seen=parse_seen(request.POST.get("record", "")[:40]),
        )  # fmt: skip
        return _("The record’s answers are confirmed")

    return _done(request, found, "confirm", form, do, verb="answer_classification", place="question")


@takes_form_of("classification")
def ask(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Asks for a second person to review the answers."""
    found = _found(request, slug)
    form = AskForm(request.POST, auto_id="ask-%s")

    def do(given: Mapping[str, Any]) -> str:
        ask_review(
            actor=actor(request), person=person(request), answers=_revision(request),
            now=timezone.now(), because=given["because"],
        )  # fmt: skip
        return _("The review is asked for")

    return _done(request, found, "ask", form, do, verb="answer_classification", place="review")


@takes_form_of("classification")
def review(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Approves the answers, which writes the record, or returns them."""
    found = _found(request, slug)
    form = ReviewForm(request.POST, auto_id="review-%s")

    def do(given: Mapping[str, Any]) -> str:
        review_classification(
            actor=actor(request), person=person(request), answers=_revision(request),
            decision=given["decision"], because=given["because"], now=timezone.now(),
            seen=parse_seen(request.POST.get("seen", "")[:40]),
        )  # fmt: skip
        return _("The classification is approved") if given["decision"] == "approved" else _("It is returned")

    return _done(request, found, "review", form, do, verb="review_classification", place="review")


def _found(request: HttpRequest, slug: str, *, question: str = "") -> Classified:
    scope = slug or ORGANISATION
    laws = [tree.id for tree in trees_of(scope)]
    law = request.GET.get("law", "") or laws[0]
    try:
        return classified(actor=actor(request), tree=law, scope=scope, now=timezone.now(), question=question)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _revision(request: HttpRequest) -> str:
    """The revision a form is about; what cannot be an id is none."""
    sent = request.POST.get("answers", "")
    return sent if sent.isalnum() else ""


def _page(request: HttpRequest, found: Classified, *, bound: Bound, status: int) -> HttpResponse:
    outcome = found.outcome
    context = {
        "found": found,
        "home": _url(found, law=""),
        "laws": [(tree.title, _url(found, law=tree.id), tree == found.tree) for tree in trees_of(found.scope)],
        "law_query": f"?law={found.tree.id}",
        "stage": STAGES[found.stage],
        "roles": [said(role) for role in outcome.ahead.roles],
        "classes": outcome.ahead.classes,
        "nothing": _("none") if found.recorded.settled else _("not decided yet"),
        "way": said(outcome.ahead.high_risk_by),
        "circumstances": titled(found.tree.id, outcome.circumstances),
        "upcoming": [_added(found, one) for one in outcome.upcoming],
        "fields": [
            (_label(name), ", ".join(map(said, before)), ", ".join(map(said, after)))
            for name, before, after in (found.difference.fields if found.difference else ())
        ],
        "seen": found.system.changed_at.isoformat() if found.system else "",
        "wrong": next(iter(bound.values()), None),
        **_forms(request, found, bound),
    }
    return render(request, "classification/page.html", context, status=status)


def _label(name: str) -> str:
    return FIELD[name].label if name in FIELD else _("Circumstances")


def _forms(request: HttpRequest, found: Classified, bound: Bound) -> dict[str, Any]:
    """The forms this person may use now, and the sentence for a reviewer who answered."""
    answers = permitted(request, "answer_classification", found.scope)
    reviews = permitted(request, "review_classification", found.scope) and found.stage == "asked"
    own = person(request).pk in found.answerers
    asks = answers and found.recorded.settled and found.stage in {"settled", "returned"}
    return {
        "question_form": _question_form(found, bound) if answers and found.question else None,
        "ask_form": (bound.get("ask") or fresh(AskForm, "ask")) if asks else None,
        "review_form": (bound.get("review") or fresh(ReviewForm, "review")) if reviews and not own else None,
        "own": reviews and own,
        "may_answer": answers,
    }


def _question_form(found: Classified, bound: Bound) -> forms.Form | None:
    if found.question is None or "question" in bound:
        return bound.get("question")
    proposed = found.proposed.answer if found.proposed else None
    given = found.answers.get(found.question.id, proposed)
    initial = list(given) or [NONE] if isinstance(given, list | tuple) else given
    if found.question.kind == "several" and given == UNKNOWN:
        initial = [UNKNOWN]
    return QuestionForm(question=found.question, auto_id="question-%s", initial={"answer": initial})


def _added(found: Classified, one: Any) -> tuple[Any, str]:
    """A day ahead and, in words, what is added on it."""
    says = {result.id: result.says for result in found.tree.results}
    added = [*(said(role) for role in one.roles), *(said(word) for word in one.classes)]
    words = ", ".join(added)
    sentence = f"{words[:1].upper()}{words[1:]}." if words else ""
    return one.from_on, " ".join(filter(None, (sentence, says.get(one.outcome, ""))))


def said(word: str) -> str:
    """A role, class or way to high risk as people read it."""
    return str(WORDS.get(word, word.replace("_", " ")))


def _url(found: Classified, *, law: str) -> str:
    kwargs = {"slug": found.scope} if found.system else {}
    return reverse("classification", kwargs=kwargs) + (f"?law={law}" if law else "")


def _done(
    request: HttpRequest, found: Classified, key: str, form: forms.Form, do: Any, *, verb: str, place: str
) -> HttpResponse:
    """Does it and goes back to the page; or shows the form again with what is wrong."""
    answer = permit(request, verb, found.scope)
    if isinstance(answer, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=answer.because)
    if (stopped := tried(request, form, do)) is not None:
        return stopped
    if form.errors:
        return _page(request, found, bound={key: form}, status=422)
    return see(f"{_url(found, law=found.tree.id)}#{place}")


urls = [
    path("systems/<slug:slug>/classification", classification, name="classification"),
    path("systems/<slug:slug>/classification/answer", answer, name="classification-answer"),
    path("systems/<slug:slug>/classification/confirm", confirm, name="classification-confirm"),
    path("systems/<slug:slug>/classification/ask", ask, name="classification-ask"),
    path("systems/<slug:slug>/classification/review", review, name="classification-review"),
    path("organisation/classification", classification, name="classification"),
    path("organisation/classification/answer", answer, name="classification-answer"),
    path("organisation/classification/ask", ask, name="classification-ask"),
    path("organisation/classification/review", review, name="classification-review"),
]
