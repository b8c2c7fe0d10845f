"""Questions about classification: where a scope stands, what is still open, and what an approval would change."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, cast

from django.db.models import Max

from annexa.answers.applicability import Cite, Moved, bindings_of, moved
from annexa.answers.errors import UnknownError, no_system
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.libraries import active_or_shipped
from annexa.answers.posture import Standpoint, standpoint
from annexa.library.classification import FOLDER, classifications
from annexa.library.reader import shipped
from annexa.pure.applicability import Binding, bind_organisation, words_of
from annexa.pure.classify import (
    UNKNOWN,
    Answers,
    Because,
    Classification,
    Outcome,
    Question,
    Standing,
    answer_problems,
    evaluate,
)
from annexa.pure.facts import ORGANISATION, Decided
from annexa.pure.permits import Actor
from annexa.pure.presumptions import Presumed, Term, presumed, record_of, together
from annexa.pure.standards import Framework, Requirement
from annexa.pure.systems import ALONE, CLASSES, FIELD, ROLES, RiskClass, SystemFacts
from annexa.records.classifications import ClassificationAnswers, ClassificationReview
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.systems import AiSystem, gravest

Stage = Literal["unanswered", "open", "settled", "asked", "returned", "approved"]
_PART = re.compile(r"\([^()]*\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRecord:
    """What the system's record settles of a question, and why. `whole`: the entire answer, not only a part of it.

    `fields`: label and value of each field it rests on.
    """

    question: Question
    answer: str | tuple[str, ...]
    said: tuple[str, ...]
    whole: bool
    fields: tuple[tuple[str, str], ...]
    because: tuple[str, ...]
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that counts: what was said, by whom and when it was said first. `unknown`: nobody knows yet.

    `record`: what the record says, where the answer contradicts it or nobody knew.
    """

    question: Question
    said: tuple[str, ...]
    unknown: bool
    by: str
    at: datetime
    revision: int
    because: str
    cites: tuple[Cite, ...]
    record: FromRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the chain: a rule, where it stands in the law, and the answers that made it hold.

    `answers`: question, answer, and whether it is only the record's.
    """

    because: Because
    cites: tuple[Cite, ...]
    answers: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What an approval would do to the system's record, and what would appear and disappear among its duties.

    `fields`: name of the field, words before, words after.
    """

    fields: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    appear: tuple[Moved, ...]
    disappear: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """One law in one scope: the latest answers, what follows from them, and how far the review is.

    `open` are the open questions in the order of asking, those to which nobody knows the answer included; `question`
    is the one to put next, `cites` where the law asks it. `aside` counts answers to questions that are no longer put,
    `lapsed` names answers that the questions of today do not take. `answerers` are the keys of everybody whose answers
    or requests count.

    `outcome` follows from the answers and, where nobody answered, from the record; `recorded` from the answers alone,
    and only that is reviewed. `from_record` are the record's answers that count and that nobody has confirmed yet.
    """

    tree: Classification
    scope: str
    system: AiSystem | None
    latest: ClassificationAnswers | None
    answers: Answers
    outcome: Outcome
    recorded: Outcome
    from_record: tuple[FromRecord, ...]
    says: str
    question: Question | None
    cites: tuple[Cite, ...]
    open: tuple[Question, ...]
    given: tuple[Given, ...]
    aside: int
    lapsed: tuple[str, ...]
    chain: tuple[Link, ...]
    duties: tuple[Moved, ...]
    stage: Stage
    reviews: tuple[ClassificationReview, ...]
    answerers: frozenset[int]
    approved: ClassificationReview | None
    difference: Difference | None

    @property
    def seen(self) -> str:
        """What a form carries so that nobody overwrites what they have not seen."""
        return self.latest.id if self.latest else ""

    @property
    def to_confirm(self) -> tuple[FromRecord, ...]:
        """The record's answers that can be confirmed as they are."""
        return tuple(one for one in self.from_record if one.whole)

    @property
    def proposed(self) -> FromRecord | None:
        """What the record says about the question that is put."""
        shown = [*self.from_record, *(one.record for one in self.given if one.record)]
        return next((one for one in shown if one.question == self.question), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One law over some answers on a day. `revision`: the recorded answers it rests on, None for answers of a file.

    `from_record`: what the system's record says about the questions, answered or not.
    """

    tree: Classification
    answers: Answers
    outcome: Outcome
    at: date
    revision: ClassificationAnswers | None = None
    from_record: Mapping[str, Presumed] = field(default_factory=dict)


def trees_of(scope: str) -> tuple[Classification, ...]:
    """The laws that are asked about in a scope: those about AI systems, or those about the organisation."""
    subject = "organisation" if scope == ORGANISATION else "system"
    return tuple(tree for tree in classifications().values() if tree.subject == subject)


@cache
def tree_digest(tree: str) -> str:
    """The SHA-256 of the file that the questions were read from, in hex."""
    return hashlib.sha256(shipped((FOLDER,))[f"{FOLDER}/{tree}.toml"]).hexdigest()


def revisions(*, actor: Actor, tree: str, scope: str, until: datetime | None = None) -> list[ClassificationAnswers]:
    """Every revision of the answers, the first one first; with `until`, as far as recorded by then."""
    rows = ClassificationAnswers.objects.visible_to(actor).filter(tree=tree, scope=scope).select_related("by")
    rows = rows.filter(recorded_at__lte=until) if until else rows
    return list(rows.order_by("revision"))


def fitting(tree: Classification, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that the questions of today take; a newer version of the law's questions may have dropped some."""
    if not answer_problems(tree, answers):
        return dict(answers)
    return {question: said for question, said in answers.items() if not answer_problems(tree, {question: said})}


def stage_of(outcome: Outcome, latest: ClassificationAnswers | None, steps: Sequence[ClassificationReview]) -> Stage:
    """How far a revision is. `steps`: those of its own review, in order."""
    if latest is None:
        return "unanswered"
    if steps:
        return cast(Stage, steps[-1].decision)
    return "settled" if outcome.settled else "open"


def answerers_of(rows: Sequence[ClassificationAnswers], steps: Sequence[ClassificationReview]) -> frozenset[int]:
    """Whoever gave an answer that stands in the latest revision, saved it, or asked for its review."""
    if not rows:
        return frozenset()
    people = {row.by_id for row in _givers(rows).values()} | {rows[-1].by_id}
    return frozenset(people | {step.by_id for step in steps if step.decision == "asked"})


def classified(*, actor: Actor, tree: str, scope: str, now: datetime, question: str = "") -> Classified:
    """Where one law stands in a scope. `question`: one to put again, if it is put at all. Raises UnknownError.

    Cost: three queries, one more for a system, and one for each other law with an approval while a difference is shown.
    """
    found = next((one for one in trees_of(scope) if one.id == tree), None)
    if found is None:
        raise UnknownError(f"There are no questions of {tree!r} for {scope}.")
    stand = standpoint(actor=actor, now=now)
    system = _system(actor, scope)
    rows = revisions(actor=actor, tree=tree, scope=scope)
    latest = rows[-1] if rows else None
    answers = fitting(found, latest.answers) if latest else {}
    record = presumed(found.presumptions, record_of(system.facts()), now.date()) if system else {}
    known = together(answers, record)
    recorded = evaluate(found, answers, now.date())
    outcome = evaluate(found, known, now.date())
    reviews = _reviews(actor, tree, scope)
    own = [one for one in reviews if latest and one.answers_id == latest.id]
    put = outcome.counting
    framework = stand.library.frameworks.get(tree)
    said = {one: _from_record(found, presumption, framework, system) for one, presumption in record.items() if system}
    waiting = () if recorded.settled else tuple(said[one] for one in put if one in said and one not in answers)
    again = (
        found.question(question)
        if question in put
        else next_of(found, outcome, known, (one.question.id for one in waiting))
    )
    return Classified(
        tree=found,
        scope=scope,
        system=system,
        latest=latest,
        answers=answers,
        outcome=outcome,
        recorded=recorded,
        from_record=waiting,
        says=next((one.says for one in found.results if one.id == outcome.outcome), ""),
        question=again,
        cites=_cites(again.cites, framework) if again else (),
        open=tuple(found.question(one) for one in outcome.open_questions),
        given=_given(found, answers, rows, put, framework, _differing(record, answers, said)),
        aside=sum(one not in put for one in answers),
        lapsed=tuple(one for one in latest.answers if one not in answers) if latest else (),
        chain=tuple(_link(found, one, framework, answers) for one in outcome.because),
        duties=_duties(outcome, framework, now.date()),
        stage=stage_of(recorded, latest, own),
        reviews=tuple(reversed(reviews)),
        answerers=answerers_of(rows, own),
        approved=next((one for one in reversed(reviews) if one.decision == "approved"), None),
        difference=_difference(actor, stand, system, found, recorded) if recorded.settled else None,
    )


def classify_scope(*, actor: Actor, scope: str, now: datetime, at: datetime | None = None) -> tuple[Regime, ...]:
    """Every law of a scope over the latest answers and the record, of a past instant those of then. UnknownError."""
    system = _system(actor, scope)
    when, found = at or now, []
    facts = (
        records_of_then(actor=actor, at=when, slug=scope).get(scope)
        if when < now
        else system.facts()
        if system
        else None
    )
    for tree in trees_of(scope):
        rows = revisions(actor=actor, tree=tree.id, scope=scope, until=when)
        answers = fitting(tree, rows[-1].answers) if rows else {}
        record = presumed(tree.presumptions, record_of(facts), when.date()) if facts else {}
        found.append(
            Regime(
                tree=tree,
                answers=answers,
                outcome=evaluate(tree, together(answers, record), when.date()),
                at=when.date(),
                revision=rows[-1] if rows else None,
                from_record=record,
            )
        )
    return tuple(found)


def records_of_then(*, actor: Actor, at: datetime, slug: str = "") -> dict[str, SystemFacts]:
    """The records of AI systems as the ledger knew them at an instant, by slug. Cost: one query."""
    entries = LedgerEntry.objects.visible_to(actor).filter(kind="ai_system", at__lte=at)
    entries = entries.filter(subject=f"ai_system/{slug}") if slug else entries
    latest = entries.order_by().values("subject").annotate(last=Max("position")).values("last")
    bodies = EntryBody.objects.filter(position__in=latest).values_list("body", flat=True)
    states = (json.loads(bytes(body))["state"] for body in bodies)
    known = {*FIELD, "source"}
    return {
        state["slug"]: SystemFacts.from_json({name: value for name, value in state.items() if name in known})
        for state in states
    }


def classify_facts(*, facts: Mapping[str, Any], at: date, regime: str = "") -> tuple[Regime, ...]:
    """Answers that come with no record: one table of answers for each law, or those of one law, named or recognised.

    Raises UnknownError for a law there is not, AnswersError with everything wrong about the answers.
    """
    known = classifications()
    by_law = {k: v for k, v in facts.items() if isinstance(v, Mapping)}
    if by_law.keys() != facts.keys() or not facts:
        by_law = {regime or _recognised(facts): facts}
    elif regime:
        by_law = {regime: by_law.get(regime, {})}
    if missing := [law for law in by_law if law not in known]:
        raise UnknownError(f"There are no questions of {missing[0]!r}; known are {', '.join(known)}.")
    found = []
    for law, answers in by_law.items():
        plain = {question: _worded(said) for question, said in answers.items()}
        found.append(Regime(tree=known[law], answers=plain, outcome=evaluate(known[law], plain, at), at=at))
    return tuple(found)


def regime_json(one: Regime) -> dict[str, Any]:
    """One law as the command line and programs read it. Roles and class are those the register keeps: with what is
    certain to come; `in_force` has those of the day, `upcoming` what is added on which day.
    """
    outcome, tree = one.outcome, one.tree
    framework = active_or_shipped().frameworks.get(tree.id)
    titles = {found.id: found.title for found in framework.requirements} if framework else {}
    return {
        "id": tree.id,
        "title": tree.title,
        "at": one.at.isoformat(),
        "revision": one.revision.revision if one.revision else None,
        "roles": list(outcome.ahead.roles),
        "class": gravest(outcome.ahead.classes),
        "classes": list(outcome.ahead.classes),
        "high_risk_by": outcome.ahead.high_risk_by,
        "in_force": {
            "roles": list(outcome.roles),
            "classes": list(outcome.classes),
            "high_risk_by": outcome.high_risk_by,
        },
        "outcome": outcome.outcome,
        "says": next((found.says for found in tree.results if found.id == outcome.outcome), ""),
        "settled": outcome.settled,
        "from_record": [
            presumed_json(found) for found in one.from_record.values() if found.question not in one.answers
        ],
        "contradictions": [
            {**presumed_json(found), "answered": _json(one.answers[found.question])}
            for found in one.from_record.values()
            if found.contradicts(one.answers.get(found.question))
        ],
        "because": [_because_json(found) for found in outcome.because],
        "duties": [
            {
                "id": duty.id,
                "title": titles.get(duty.id, ""),
                "binding_from": duty.from_on.isoformat() if duty.from_on else None,
                "because": list(duty.rules),
            }
            for duty in outcome.duties
        ],
        "upcoming": [
            {
                "from": later.from_on.isoformat(),
                "roles": list(later.roles),
                "classes": list(later.classes),
                "high_risk_by": later.high_risk_by,
                "outcome": later.outcome,
                "because": list(later.rules),
            }
            for later in outcome.upcoming
        ],
        "may_follow": list(outcome.may_follow),
        "open_questions": [_question_json(tree.question(found), one.answers) for found in outcome.open_questions],
    }


def presumed_json(one: Presumed) -> dict[str, Any]:
    """An answer of the record as programs read it, and why; `whole`: not only a part of the answer."""
    return {
        **presumed_briefly(one),
        "when": [str(term) for term in _terms(one)],
        "because": [found.because for found in one.presumptions],
        "cites": list(dict.fromkeys(cite for found in one.presumptions for cite in found.cites)),
    }


def presumed_briefly(one: Presumed) -> dict[str, Any]:
    """An answer of the record as programs read it, with the ids of the presumptions that give it."""
    return {
        "question": one.question,
        "answer": _json(one.plain),
        "whole": one.whole,
        "presumptions": [found.id for found in one.presumptions],
    }


def facts_after(
    *, actor: Actor, system: AiSystem, tree: Classification, outcome: Outcome, now: datetime
) -> SystemFacts:
    """The record as an approval of this outcome leaves it, with what other approved laws say.

    A law that gives risk classes decides on the words it knows; one that gives none only adds roles.
    """
    others = ((other, _approved(actor, other, system.slug, now)) for other in trees_of(system.slug) if other != tree)
    standings = [(tree, outcome.ahead), *((other, standing) for other, standing in others if standing)]
    deciding = [one for one, _ in standings if any(rule.gives.classes for rule in one.rules)]
    before = system.facts()
    own_roles = {role for one in deciding for rule in one.rules for role in rule.gives.roles}
    own_classes = {word for one in deciding for rule in one.rules for word in rule.gives.classes}
    roles = {*before.roles} - own_roles | {role for _, standing in standings for role in standing.roles}
    classes = {*before.classes} - own_classes | {word for _, standing in standings for word in standing.classes}
    ways = [standing.high_risk_by for one, standing in standings if one in deciding]
    return replace(
        before,
        roles=tuple(role for role in ROLES if role in roles),
        classes=_classes(classes),
        high_risk_by=next(filter(None, ways), "") if deciding else before.high_risk_by,
    )


def _classes(found: set[RiskClass]) -> tuple[RiskClass, ...]:
    """In the order of the register; what says that there is no other class stands only where there is none."""
    alone = [word for word in ALONE if word in found][:1]
    kept = {word for word in found if word not in ALONE} or set(alone)
    return tuple(word for word in CLASSES if word in kept)


def _system(actor: Actor, scope: str) -> AiSystem | None:
    if scope == ORGANISATION:
        return None
    found: AiSystem | None = AiSystem.objects.visible_to(actor).filter(slug=scope).first()
    if found is None:
        raise no_system(scope, AiSystem.objects.visible_to(actor).values_list("slug", flat=True))
    return found


def _reviews(actor: Actor, tree: str, scope: str) -> list[ClassificationReview]:
    rows = ClassificationReview.objects.visible_to(actor).filter(answers__tree=tree, answers__scope=scope)
    return list(rows.select_related("answers", "by").order_by("answers__revision", "number"))


def _approved(actor: Actor, tree: Classification, scope: str, now: datetime) -> Standing | None:
    """What the last approved answers to another law come to today."""
    steps = [one for one in _reviews(actor, tree.id, scope) if one.decision == "approved"]
    return evaluate(tree, fitting(tree, steps[-1].answers.answers), now.date()).ahead if steps else None


def _givers(rows: Sequence[ClassificationAnswers]) -> dict[str, ClassificationAnswers]:
    """For each answer of the latest revision, the revision in which it was given as it stands."""
    found: dict[str, ClassificationAnswers] = {}
    before: Mapping[str, Any] = {}
    for row in rows:
        found = {
            question: found[question] if question in found and before[question] == said else row
            for question, said in row.answers.items()
        }
        before = row.answers
    return found


def _given(
    tree: Classification,
    answers: Answers,
    rows: Sequence[ClassificationAnswers],
    put: Sequence[str],
    framework: Framework | None,
    differing: Mapping[str, FromRecord],
) -> tuple[Given, ...]:
    givers = _givers(rows)
    found = []
    for question in (tree.question(one) for one in put if one in answers):
        row, said = givers[question.id], answers[question.id]
        narrower = [cite for one in question.choices if one.id in _listed(said) for cite in one.cites]
        found.append(
            Given(
                question=question,
                said=said_of(question, said),
                unknown=said is None or said == UNKNOWN,
                by=row.by.name,
                at=row.recorded_at,
                revision=row.revision,
                because=row.because,
                cites=_cites(dict.fromkeys([*narrower, *(() if narrower else question.cites)]), framework),
                record=differing.get(question.id),
            )
        )
    return tuple(found)


def said_of(question: Question, said: object) -> tuple[str, ...]:
    """An answer in the words of the question; nothing for one that nobody knows."""
    if said is None or said == UNKNOWN:
        return ()
    if question.kind == "yes_no":
        return ("Yes" if said == "yes" else "No",)
    return tuple(one.text for one in question.choices if one.id in _listed(said)) or ("None of these",)


def _listed(said: object) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, list | tuple) else (str(said),)


def _link(tree: Classification, because: Because, framework: Framework | None, given: Answers) -> Link:
    answers = tuple(
        (
            tree.question(question).text,
            ", ".join(said_of(tree.question(question), said)) or "Not known yet",
            question not in given,
        )
        for question, said in because.answers
    )
    return Link(because=because, cites=_cites(because.cites, framework), answers=answers)


def next_of(
    tree: Classification, outcome: Outcome, answers: Mapping[str, Any], confirm: Iterable[str]
) -> Question | None:
    """The first question in the order of the tree that is open and that nobody has said "unknown" to, or whose answer
    so far is only the record's (`confirm`). None if there is nothing left to put."""
    ahead = {one for one in outcome.open_questions if answers.get(one) != UNKNOWN} | {*confirm}
    return next((one for one in tree.questions if one.id in ahead), None)


def _from_record(tree: Classification, one: Presumed, framework: Framework | None, system: AiSystem) -> FromRecord:
    question = tree.question(one.question)
    fields = dict.fromkeys(term.field for term in _terms(one))
    return FromRecord(
        question=question,
        answer=one.plain,
        said=said_of(question, one.plain),
        whole=one.whole,
        fields=tuple((FIELD[name].label, str(getattr(system, name))) for name in fields),
        because=tuple(found.because for found in one.presumptions),
        cites=_cites(dict.fromkeys(cite for found in one.presumptions for cite in found.cites), framework),
    )


def _terms(one: Presumed) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(term for found in one.presumptions for term in found.when))


def _differing(
    record: Mapping[str, Presumed], answers: Answers, said: Mapping[str, FromRecord]
) -> dict[str, FromRecord]:
    """What the record says where a person says otherwise, or that nobody knows."""
    return {
        question: said[question]
        for question, one in record.items()
        if question in answers and (answers[question] == UNKNOWN or one.contradicts(answers[question]))
    }


def _duties(outcome: Outcome, framework: Framework | None, today: date) -> tuple[Moved, ...]:
    """The duties that follow, as requirements of the law in force here."""
    if framework is None:
        return ()
    return tuple(
        Moved(
            framework=framework,
            requirement=framework.by_id[duty.id],
            from_on=duty.from_on if duty.from_on and duty.from_on > today else None,
        )
        for duty in outcome.duties
        if duty.id in framework.by_id
    )


def _cites(texts: Sequence[str] | Mapping[str, object], framework: Framework | None) -> tuple[Cite, ...]:
    return tuple(Cite(text=text, requirement=_place(text, framework)) for text in texts)


def _place(text: str, framework: Framework | None) -> str | None:
    """The requirement of that number, or the one it is a part of."""
    while framework and text:
        if text in framework.by_id:
            return text
        shorter = _PART.sub("", text)
        if shorter == text:
            return None
        text = shorter
    return None


def _difference(
    actor: Actor, stand: Standpoint, system: AiSystem | None, tree: Classification, outcome: Outcome
) -> Difference:
    """What an approval would change: the record of a system, what is known besides, and so what binds."""
    fields: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    titles = {one.id: one.title for one in tree.circumstances}
    scope = system.slug if system else ORGANISATION
    held = stand.engine.decided(scope)
    known = words_of(held, tree.id)
    if titles and (known is None or set(known) != set(outcome.circumstances)):
        before, after = ([titles.get(word, word) for word in words] for words in (known or (), outcome.circumstances))
        fields.append(("circumstances", tuple(before), tuple(after)))
    then = tuple(sorted({**dict(held), tree.id: outcome.circumstances}.items())) if titles else held
    if system is None:
        appear, disappear = _moved(stand, tree.id, _as_such(stand, held, then)) if fields else ((), ())
        return Difference(fields=tuple(fields), appear=appear, disappear=disappear)
    was = system.facts()
    will = facts_after(actor=actor, system=system, tree=tree, outcome=outcome, now=stand.at)
    recorded = [
        (name, _said(getattr(was, name)), _said(getattr(will, name))) for name in ("roles", "classes", "high_risk_by")
    ]
    fields = [*(one for one in recorded if one[1] != one[2]), *fields]
    fact = stand.systems.get(system.slug)
    if fact is None or not fields:
        return Difference(fields=tuple(fields), appear=(), disappear=())
    changed = replace(
        fact, entry=None, roles=will.roles, classes=will.classes, high_risk_by=will.high_risk_by, circumstances=then
    )
    appear, disappear = _moved(stand, tree.id, lambda leaf: bindings_of(leaf, fact, changed, stand.at))
    return Difference(fields=tuple(fields), appear=appear, disappear=disappear)


def _as_such(stand: Standpoint, before: Decided, after: Decided) -> Callable[[Requirement], tuple[Binding, Binding]]:
    """The same for what binds the organisation itself."""

    def both(leaf: Requirement) -> tuple[Binding, Binding]:
        if leaf.level == "system" or leaf.binds_roles or leaf.binds_classes:
            return _NOTHING, _NOTHING
        return bind_organisation(leaf, (), stand.at, before), bind_organisation(leaf, (), stand.at, after)

    return both


_NOTHING = Binding(applies=False, because="")


def _said(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return ((value,) if value else ()) if isinstance(value, str) else value


def _moved(
    stand: Standpoint, tree: str, bindings: Callable[[Requirement], tuple[Binding, Binding]]
) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    """What begins and what ceases to bind, in the law itself and in the frameworks of the organisation."""
    chosen = dict.fromkeys((tree, *adopted_frameworks(stand.library)))
    held = [stand.library.frameworks[one] for one in chosen if one in stand.library.frameworks]
    return moved(held, bindings, stand.at.date())


def _recognised(facts: Mapping[str, Any]) -> str:
    """The only law that knows all the questions. Raises UnknownError where none or several do."""
    found = [tree.id for tree in classifications().values() if all(tree_has(tree, one) for one in facts)]
    if len(found) == 1:
        return found[0]
    raise UnknownError(
        f"These answers fit {'several laws' if found else 'no law'}; say which one is meant: "
        f"{', '.join(found or classifications())}."
    )


def tree_has(tree: Classification, question: str) -> bool:
    """Whether a law asks that question."""
    return any(one.id == question for one in tree.questions)


def _worded(said: Any) -> Any:
    """True and false of a file as the words that questions are answered with."""
    return {True: "yes", False: "no"}[said] if isinstance(said, bool) else said


def _json(said: object) -> object:
    return list(said) if isinstance(said, tuple) else said


def _because_json(one: Because) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "says": one.says,
        "cites": list(one.cites),
        "answer": {question: said if isinstance(said, str) else list(said) for question, said in one.answers},
        "from": one.from_on.isoformat() if one.from_on else None,
        "disputed": one.open or None,
    }


def _question_json(question: Question, answers: Answers) -> dict[str, Any]:
    choices = [choice.id for choice in question.choices] or ["yes", "no"]
    return {
        "id": question.id,
        "text": question.text,
        "kind": question.kind,
        "choices": choices,
        "cites": list(question.cites),
        "asked": question.id in answers,
    }
