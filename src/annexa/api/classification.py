"""Classification: what a law asks, what was answered, what follows, and the review by somebody else."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.errors import NotPermittedError
from annexa.answers.classification import classified, classify_scope, regime_json
from annexa.answers.tokens import Bearer
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_of
from annexa.api.operations import get, post
from annexa.api.shapes import LONGEST, At, Because, Given, Instant, Shown, given, instant, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["classification"])
LAW = "/classification/{scope}/{law}"
Said = str | list[str]
QUESTION: dict[str, Any] = {
    "id": "form", "text": "What is it that you want to classify?", "kind": "choice",
    "choices": ["system", "model", "both", "neither"], "cites": ["Art.3(1)"],
}  # fmt: skip
REVIEW: dict[str, Any] = {
    "decision": "asked", "because": "", "recorded_at": "2026-11-20T09:40:00Z", "by": "Kim Lee", "revision": 2,
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "law": "eu-ai-act", "title": "EU AI Act", "scope": "chatbot", "stage": "open", "revision": 2,
    "answers": {"form": "system"}, "from_record": {}, "question": QUESTION, "open": [QUESTION], "roles": ["deployer"],
    "classes": [], "outcome": "", "says": "", "because": [], "reviews": [REVIEW],
}  # fmt: skip


class Question(Shown):
    """A question of a law. `choices`: what can be answered, one of them or, by its kind, several."""

    model_config = shown(**QUESTION)

    id: str
    text: str
    kind: str
    choices: list[str]
    cites: list[str]


class Review(Shown):
    """A step in the review of one revision."""

    model_config = shown(**REVIEW)

    decision: Literal["asked", "approved", "returned"]
    because: str
    recorded_at: Instant
    by: str
    revision: int


class Rule(Shown):
    """A rule that held, and where it stands in the law."""

    rule: str
    says: str
    cites: list[str]


class Classified(Shown):
    """One law in one scope: what was answered, what is still open, what follows, and how far the review is.

    `from_record`: answers that follow from the system's record and that nobody has confirmed. `question` is the one to
    answer next.
    """

    model_config = shown(**EXAMPLE)

    law: str
    title: str
    scope: str
    stage: Literal["unanswered", "open", "settled", "asked", "returned", "approved"]
    revision: int | None
    answers: dict[str, Said]
    from_record: dict[str, Said]
    question: Question | None
    open: list[Question]
    roles: list[str]
    classes: list[str]
    outcome: str
    says: str
    because: list[Rule]
    reviews: list[Review]


class Laws(Shown):
    """Every law that is asked about in a scope, with what follows from answers and record."""

    model_config = shown(scope="chatbot", regimes=[{"id": "eu-ai-act", "settled": False, "open_questions": []}])

    scope: str
    regimes: list[dict[str, Any]]


class AnswersGiven(Given):
    """Answers by the id of their question; null takes one back, what is left out stays as it was."""

    model_config = given(answers={"form": "system"}, because="The supplier's contract says so")

    answers: Annotated[dict[str, Annotated[str, Field(max_length=LONGEST)] | list[str] | None], Field(max_length=500)]
    because: Because = ""


class ReviewAsked(Given):
    """Why the answers stand, where they were returned before."""

    model_config = given(because="")

    because: Because = ""


class Decision(Given):
    """What a second person decides about the answers, and why."""

    model_config = given(decision="approved", because="I read the contract too")

    decision: Literal["approved", "returned"]
    because: Because = ""


@get(router, "/classification/{scope}", Laws, errors=(404,))
def classify(request: HttpRequest, scope: str, at: At) -> dict[str, Any]:
    """Show what every law says about a scope: the organisation, or an AI system by its slug."""
    found = classify_scope(actor=who(request).actor, scope=scope, now=now(), at=instant(at))
    return {"scope": scope, "regimes": [regime_json(one) for one in found]}


@get(router, LAW, Classified, errors=(404,))
def show_classification(request: HttpRequest, response: HttpResponse, scope: str, law: str) -> dict[str, Any]:
    """Show one law in a scope: the next question, what was answered, and how far the review is.

    Its ETag is that of the answers; send it back with new ones.
    """
    return _shown(who(request), response, scope, law)


@post(
    router,
    f"{LAW}/answers",
    Classified,
    may=("answer_classification",),
    reads=True,
    guarded=True,
)
def answer_questions(
    request: HttpRequest, response: HttpResponse, scope: str, law: str, body: AnswersGiven
) -> dict[str, Any]:
    """Answer questions of a law, as a new revision. Only people can."""
    asks = _person(request)
    seen = _seen(request, asks, scope, law)
    answer_classification(
        actor=asks.actor, person=_named(asks), tree=law, scope=scope, given=body.answers, seen=seen, now=now(),
        because=body.because,
    )  # fmt: skip
    return _shown(asks, response, scope, law)


@post(router, f"{LAW}/review", Classified, may=("answer_classification",), reads=True, guarded=True)
def request_review(
    request: HttpRequest, response: HttpResponse, scope: str, law: str, body: ReviewAsked
) -> dict[str, Any]:
    """Ask for a second person to look at the answers."""
    asks = _person(request)
    seen = _seen(request, asks, scope, law)
    ask_review(actor=asks.actor, person=_named(asks), answers=seen, now=now(), because=body.because)
    return _shown(asks, response, scope, law)


@post(
    router,
    f"{LAW}/decision",
    Classified,
    may=("review_classification",),
    reads=True,
    guarded=True,
)
def decide_review(request: HttpRequest, response: HttpResponse, scope: str, law: str, body: Decision) -> dict[str, Any]:
    """Approve or return the answers, as somebody who gave none of them."""
    asks = _person(request)
    seen = _seen(request, asks, scope, law)
    review_classification(
        actor=asks.actor, person=_named(asks), answers=seen, decision=body.decision, because=body.because, now=now()
    )
    return _shown(asks, response, scope, law)


def _person(request: HttpRequest) -> Bearer:
    """Who asks, if it is a person. A service account cannot answer for a law's questions."""
    found = who(request)
    if found.person is None:
        raise NotPermittedError("Only a person answers and reviews; a program cannot.")
    return found


def _named(asks: Bearer) -> Any:
    return asks.person


def _seen(request: HttpRequest, asks: Bearer, scope: str, law: str) -> str:
    """The revision the asker saw, "" for none. Raises ProblemError for another one."""
    found = classified(actor=asks.actor, tree=law, scope=scope, now=now())
    ask_match(request, tag_of(f"{scope}/{law}/{found.seen}"))
    return found.seen


def _shown(asks: Bearer, response: HttpResponse, scope: str, law: str) -> dict[str, Any]:
    found = classified(actor=asks.actor, tree=law, scope=scope, now=now())
    response["ETag"] = tag_of(f"{scope}/{law}/{found.seen}")
    return {
        "law": found.tree.id,
        "title": found.tree.title,
        "scope": scope,
        "stage": found.stage,
        "revision": found.latest.revision if found.latest else None,
        "answers": {question: _plain(said) for question, said in found.answers.items()},
        "from_record": {one.question.id: _plain(one.answer) for one in found.from_record},
        "question": _question(found.question) if found.question else None,
        "open": [_question(one) for one in found.open],
        "roles": list(found.outcome.ahead.roles),
        "classes": list(found.outcome.ahead.classes),
        "outcome": found.outcome.outcome,
        "says": found.says,
        "because": [
            {"rule": one.rule, "says": one.says, "cites": list(one.cites)}
            for one in (link.because for link in found.chain)
        ],
        "reviews": [
            {
                "decision": one.decision,
                "because": one.because,
                "recorded_at": rfc3339(one.recorded_at),
                "by": one.by.name,
                "revision": one.answers.revision,
            }
            for one in found.reviews
        ],
    }


def _question(question: Any) -> dict[str, Any]:
    return {
        "id": question.id,
        "text": question.text,
        "kind": question.kind,
        "choices": [one.id for one in question.choices] or ["yes", "no"],
        "cites": list(question.cites),
    }


def _plain(said: Any) -> Any:
    return list(said) if isinstance(said, (tuple, list)) else str(said)
