"""Every AI system in use against the laws about systems: how far each is, what is open, and what comes next."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, cast

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from annexa.answers.actors import ask_reads
from annexa.answers.classification import Stage, fitting, next_of, presumed_briefly, records_of_then, trees_of
from annexa.answers.errors import UnknownError
from annexa.library.classification import classifications
from annexa.pure.classify import Classification, Outcome, Question, evaluate
from annexa.pure.permits import Actor
from annexa.pure.presumptions import RECORD_FIELDS, Presumed, Record, presumed, record_of, together
from annexa.records.classifications import ClassificationAnswers, ClassificationReview
from annexa.records.systems import AiSystem, gravest

STAGES: tuple[Stage, ...] = ("unanswered", "open", "settled", "asked", "returned", "approved")
OUTCOMES_KEPT = 20_000
_ANY_SYSTEM = "a system"
Said = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far one law is with a system; systems that answer alike share it.

    `outcome` follows from the answers and, where nobody answered, from the record; `stage` from the answers alone.
    `confirm` are the record's answers that count and that nobody has confirmed. `next` is the question to put, or to
    confirm where only the record answers it; "" where nothing can be asked now.
    """

    stage: Stage
    revision: int | None
    answers: Mapping[str, Any]
    from_record: Mapping[str, Presumed]
    outcome: Outcome
    confirm: tuple[str, ...]
    next: str

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Questions that a person answered otherwise than the record."""
        found = self.from_record.values()
        return tuple(one.question for one in found if one.contradicts(self.answers.get(one.question)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One system under one law."""

    slug: str
    name: str
    unit: str
    tree: Classification
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """One law over the whole register: how many systems are settled, open, and which question is open how often."""

    tree: Classification
    settled: int
    open: int
    questions: tuple[tuple[Question, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationPage:
    """One law over the register, narrowed. `lines` are what the filters leave, `everything` counts all systems in use.

    `stages` and `questions` say how many systems each value leaves, given the other filters; questions are those to be
    put or confirmed next, the most frequent first.
    """

    law: Classification
    laws: tuple[Classification, ...]
    lines: tuple[Line, ...]
    everything: int
    settled: int
    approved: int
    stages: tuple[tuple[Stage, int], ...]
    questions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationRegister:
    """Every system in use, by name, under each law asked about; the laws in turn for each system."""

    at: date
    laws: tuple[Classification, ...]
    lines: tuple[Line, ...]

    def totals(self) -> tuple[Totals, ...]:
        """The sums of each law, its most frequent open question first."""
        found = []
        for law in self.laws:
            lines = [line for line in self.lines if line.tree == law]
            counted = Counter(question for line in lines for question in line.standing.outcome.open_questions)
            order = [one.id for one in law.questions]
            ranked = sorted(counted.items(), key=lambda pair: (-pair[1], order.index(pair[0])))
            settled = sum(line.standing.outcome.settled for line in lines)
            found.append(
                Totals(
                    tree=law,
                    settled=settled,
                    open=len(lines) - settled,
                    questions=tuple((law.question(question), n) for question, n in ranked),
                )
            )
        return tuple(found)


def classification_register(
    *, actor: Actor, now: datetime, at: datetime | None = None, law: str = ""
) -> ClassificationRegister:
    """How far the classification of every system in use is, by name; of a past instant as it was recorded then.

    Systems that answer alike are evaluated once. Cost: two queries, three for a past instant, whatever the size.
    Raises UnknownError for a law that asks nothing about systems, and for who may read nothing.
    """
    ask_reads(actor)
    laws = tuple(tree for tree in trees_of(_ANY_SYSTEM) if law in ("", tree.id))
    if not laws:
        known = ", ".join(tree.id for tree in trees_of(_ANY_SYSTEM))
        raise UnknownError(f"There are no questions of {law!r} about AI systems; known are {known}.")
    when = at or now
    given = _latest(actor, [tree.id for tree in laws], when)
    facts = _records(actor, when if when < now else None)
    working = {tree.id: _Working(tree, when.date()) for tree in laws}
    lines = [
        working[tree.id].line(one, given.get((tree.id, one.slug)))
        for one in sorted(facts, key=lambda one: (one.name.casefold(), one.slug))
        for tree in laws
    ]
    return ClassificationRegister(at=when.date(), laws=laws, lines=tuple(lines))


def classification_page(
    *, actor: Actor, now: datetime, law: str = "", stage: str = "", question: str = "", text: str = ""
) -> ClassificationPage:
    """How far each system is under one law, narrowed by stage, by the question that comes next and by words of its name
    or unit. Cost: two queries whatever the size. Raises UnknownError.
    """
    laws = trees_of(_ANY_SYSTEM)
    register = classification_register(actor=actor, now=now, law=law or laws[0].id)
    words = text.casefold().split()
    found = [one for one in register.lines if all(word in f"{one.name} {one.unit}".casefold() for word in words)]
    staged = [one for one in found if stage in ("", one.standing.stage)]
    asked = [one for one in found if question in ("", one.standing.next)]
    stages = Counter(one.standing.stage for one in asked)
    questions = Counter(one.standing.next for one in staged if one.standing.next)
    order = [one.id for one in register.laws[0].questions]
    return ClassificationPage(
        law=register.laws[0],
        laws=laws,
        lines=tuple(one for one in staged if question in ("", one.standing.next)),
        everything=len(register.lines),
        settled=sum(one.standing.outcome.settled for one in register.lines),
        approved=sum(one.standing.stage == "approved" for one in register.lines),
        stages=tuple((one, stages[one]) for one in STAGES if stages[one]),
        questions=tuple(sorted(questions.items(), key=lambda pair: (-pair[1], order.index(pair[0])))),
    )


def line_json(line: Line) -> dict[str, Any]:
    """One line as programs read it: keys as in the classification of one system, without the chain."""
    found, outcome = line.standing, line.standing.outcome
    waiting = [one for one in found.from_record.values() if one.question not in found.answers]
    return {
        "system": line.slug,
        "name": line.name,
        "regime": line.tree.id,
        "stage": found.stage,
        "revision": found.revision,
        "roles": list(outcome.ahead.roles),
        "class": gravest(outcome.ahead.classes),
        "classes": list(outcome.ahead.classes),
        "high_risk_by": outcome.ahead.high_risk_by,
        "outcome": outcome.outcome,
        "settled": outcome.settled,
        "open": len(outcome.open_questions),
        "open_questions": list(outcome.open_questions),
        "may_follow": list(outcome.may_follow),
        "next_question": found.next,
        "confirm": list(found.confirm),
        "from_record": [presumed_briefly(one) for one in waiting],
        "contradictions": list(found.contradictions),
        "duties": [
            {"id": duty.id, "binding_from": duty.from_on.isoformat() if duty.from_on else None}
            for duty in outcome.duties
        ],
    }


class _System(NamedTuple):
    slug: str
    name: str
    unit: str
    values: tuple[object, ...]  # those of RECORD_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saved:
    """The latest answers of a system to one law, and the last step of their review."""

    revision: int
    answers: Mapping[str, Any]
    step: str


class _Working:
    """One law over many systems; equal answers and records are worked out once."""

    def __init__(self, tree: Classification, at: date) -> None:
        self.tree, self.at = tree, at
        terms = [term for one in tree.presumptions for term in (*one.when, *one.unless)]
        places = [RECORD_FIELDS.index(name) for name in dict.fromkeys(term.field for term in terms)]
        self.grounds: Callable[[Sequence[object]], object] = itemgetter(*places) if places else len
        self.alike: dict[object, Standing] = {}

    def line(self, system: _System, saved: _Saved | None) -> Line:
        grounds = self.grounds(system.values)
        standing = None if saved else self.alike.get(grounds)
        if standing is None:
            standing = self.standing(dict(zip(RECORD_FIELDS, system.values, strict=True)), saved)
            if saved is None:
                self.alike[grounds] = standing
        return Line(slug=system.slug, name=system.name, unit=system.unit, tree=self.tree, standing=standing)

    def standing(self, record: Record, saved: _Saved | None) -> Standing:
        answers = fitting(self.tree, saved.answers) if saved else {}
        from_record = presumed(self.tree.presumptions, record, self.at)
        outcome = _outcome(self.tree.id, self.at, _frozen(together(answers, from_record)))
        # What the record leaves open, the answers alone leave open too: then they need not be asked.
        settled = outcome.settled and _outcome(self.tree.id, self.at, _frozen(answers)).settled
        unsaid = tuple(one for one in outcome.counting if one in from_record and one not in answers)
        confirm = () if settled else unsaid
        following = next_of(self.tree, outcome, answers, confirm)
        return Standing(
            stage=_stage(saved, settled=settled),
            revision=saved.revision if saved else None,
            answers=answers,
            from_record=from_record,
            outcome=outcome,
            confirm=confirm,
            next=following.id if following else "",
        )


@lru_cache(maxsize=OUTCOMES_KEPT)
def _outcome(tree: str, at: date, said: Said) -> Outcome:
    return evaluate(classifications()[tree], dict(said), at)


def _frozen(answers: Mapping[str, Any]) -> Said:
    return tuple((key, tuple(said) if isinstance(said, list) else said) for key, said in sorted(answers.items()))


def _stage(saved: _Saved | None, *, settled: bool) -> Stage:
    if saved is None:
        return "unanswered"
    return cast(Stage, saved.step) if saved.step else "settled" if settled else "open"


def _latest(actor: Actor, laws: Sequence[str], when: datetime) -> dict[tuple[str, str], _Saved]:
    """The latest answers recorded by an instant, by law and system. Cost: one query."""
    rows = ClassificationAnswers.objects.visible_to(actor).filter(tree__in=laws, recorded_at__lte=when)
    newer = ClassificationAnswers.objects.filter(
        tree=OuterRef("tree"), scope=OuterRef("scope"), revision__gt=OuterRef("revision"), recorded_at__lte=when
    )
    steps = ClassificationReview.objects.filter(answers=OuterRef("pk"), recorded_at__lte=when).order_by("-number")
    found = rows.filter(~Exists(newer)).values_list(
        "tree", "scope", "revision", "answers", Subquery(steps.values("decision")[:1])
    )
    return {
        (tree, scope): _Saved(revision=revision, answers=answers, step=step or "")
        for tree, scope, revision, answers, step in found
    }


def _records(actor: Actor, then: datetime | None) -> list[_System]:
    """The systems in use, now or as the ledger knew them at an instant. Cost: one query."""
    if then:
        return [
            _System(slug, facts.name, facts.unit, tuple(record_of(facts).values()))
            for slug, facts in records_of_then(actor=actor, at=then).items()
            if facts.stage != "retirement"
        ]
    rows: QuerySet[AiSystem] = AiSystem.objects.visible_to(actor).filter(~Q(stage="retirement")).order_by()
    return [
        _System(slug, name, unit, tuple(values))
        for slug, name, unit, *values in rows.values_list("slug", "name", "unit", *RECORD_FIELDS)
    ]
