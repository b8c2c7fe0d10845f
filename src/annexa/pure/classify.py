"""Which law catches a system or an organisation, by questions and rules instead of opinion.

A tree has questions, each with the condition under which it is asked, and rules, each with the condition under which it
holds and what it then gives: roles, risk classes, duties, an outcome. Conditions are three-valued: yes, no, not known
yet. An answer only ever turns "not known" into yes or no, so what is settled stays settled. Nothing is guessed from
words. Format of the trees: docs/library.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Literal, get_args

from annexa.pure.presumptions import AtLeast, Presumption
from annexa.pure.systems import HighRiskBy, RiskClass, Role

Answer = str | tuple[str, ...]
"""`yes` or `no`, one choice, several choices (none is an empty tuple), or UNKNOWN."""
Answers = Mapping[str, object]
"""Question id → answer as it came, a list instead of a tuple included; from a record perhaps only AtLeast."""
UNKNOWN = "unknown"
"""Somebody was asked and does not know: counts as unanswered, but the question is not put again at once."""

Subject = Literal["system", "organisation"]
QuestionKind = Literal["yes_no", "choice", "several"]
Confidence = Literal["high", "medium", "low"]
GroupKind = Literal["all", "any", "none"]
AtomKind = Literal["answer", "flag", "role", "class", "outcome"]
ALWAYS = date.min
SEARCH_STEPS = 20_000


class AnswersError(ValueError):
    """Answers that the questions do not allow; `problems` names every one of them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """The smallest condition: an answer was given, or a rule gave a flag, role, class or outcome; or not."""

    kind: AtomKind
    name: str
    choice: str = ""  # of the question, for kind `answer`; empty for a yes
    negated: bool = False

    def __str__(self) -> str:
        text = f"{self.name}={self.choice}" if self.choice else self.name
        return f"{'!' if self.negated else ''}{'' if self.kind == 'answer' else self.kind + ':'}{text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Conditions of which all, any or none must hold."""

    how: GroupKind
    parts: tuple[Condition, ...]


Condition = Atom | Group
EVER = Group(how="all", parts=())
"""The condition that always holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One possible answer, with the place in the law where it stands if that is narrower than the question's."""

    id: str
    text: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing a product owner is asked, in plain words."""

    id: str
    text: str
    help: str
    kind: QuestionKind
    choices: tuple[Choice, ...] = ()
    cites: tuple[str, ...] = ()
    asked_if: Condition = EVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Gives:
    """What follows from a rule. Flags are intermediate findings for other conditions; duties are requirement ids."""

    roles: tuple[Role, ...] = ()
    classes: tuple[RiskClass, ...] = ()
    high_risk_by: HighRiskBy = ""
    outcome: str = ""
    flags: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One sentence of the law as condition and consequence, with the days between which it applies."""

    id: str
    says: str
    cites: tuple[str, ...]
    when: Condition
    gives: Gives
    from_on: date | None = None
    until_on: date | None = None  # the first day on which it no longer applies
    source: str = ""
    read_on: date | None = None
    confidence: Confidence = "high"
    open: str = ""  # what is disputed or unconfirmed about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """A fact besides role and class on which duties hang: an approval records its id where the condition holds.

    What hangs on it, and from when, stands in the framework of the same id (`Narrowing`, `Transition`).
    """

    id: str
    title: str
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A word for the whole case, such as `prohibited`, and what it means. Earlier results prevail over later ones."""

    id: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a worked case must come to."""

    roles: tuple[Role, ...]
    classes: tuple[RiskClass, ...]
    outcome: str
    high_risk_by: HighRiskBy = ""
    duties: tuple[str, ...] | None = None  # among the duties; None: not checked
    later: tuple[RiskClass, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked case that the tree must decide as a lawyer would."""

    name: str
    at: date
    answers: Answers
    expect: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The questions and rules of one law, and worked cases that hold them to account."""

    id: str
    title: str
    subject: Subject
    version: str
    source: str
    read_on: date
    confidence: Confidence
    results: tuple[Result, ...]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...] = ()
    circumstances: tuple[Circumstance, ...] = ()
    presumptions: tuple[Presumption, ...] = ()

    def question(self, question_id: str) -> Question:
        """The question of that id. Raises KeyError."""
        return {question.id: question for question in self.questions}[question_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """One link of the chain: these answers, so this rule, so this article, from this day."""

    rule: str
    says: str
    cites: tuple[str, ...]
    answers: tuple[tuple[str, Answer], ...]
    from_on: date | None
    open: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A requirement that binds, since ever or from a day that may lie ahead, and the rules that say so."""

    id: str
    from_on: date | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Roles and classes as the register of systems keeps them."""

    roles: tuple[Role, ...] = ()
    classes: tuple[RiskClass, ...] = ()
    high_risk_by: HighRiskBy = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """What a day ahead adds to the standing and the outcome, with nobody changing the system."""

    from_on: date
    roles: tuple[Role, ...]
    classes: tuple[RiskClass, ...]
    high_risk_by: HighRiskBy
    outcome: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the law makes of a case on one day, and what could still change that.

    `roles` to `outcome` are those of the day; `ahead` adds what is already certain to come. The register keeps `ahead`,
    because every requirement carries its own first day. `circumstances` have no day: they are facts.
    """

    roles: tuple[Role, ...]
    classes: tuple[RiskClass, ...]
    high_risk_by: HighRiskBy
    outcome: str
    ahead: Standing
    duties: tuple[Duty, ...]
    because: tuple[Because, ...]
    upcoming: tuple[Upcoming, ...]
    open_questions: tuple[str, ...]
    circumstances: tuple[str, ...] = ()
    may_follow: tuple[str, ...] = ()
    """Questions that cannot be asked yet, and that answers to the open ones may bring up; in the order of asking."""
    counting: tuple[str, ...] = ()
    """Questions that are put, answered or not, or on whose answers something rests already; in the order of asking."""

    @property
    def settled(self) -> bool:
        """Whether no further answer can change anything."""
        return not self.open_questions


def evaluate(tree: Classification, answers: Answers, at: date) -> Outcome:
    """What follows from the answers on that day. Answers to questions that are not asked are ignored. AnswersError."""
    if problems := answer_problems(tree, answers):
        raise AnswersError(problems)
    return _Case(tree, _index(tree), answers, at).outcome()


def put_questions(tree: Classification, answers: Answers, at: date) -> tuple[str, ...]:
    """The questions that are put under these answers, answered or not, in the order of the tree."""
    case = _Case(tree, _index(tree), answers, at)
    return tuple(question.id for question in tree.questions if case.is_asked(question.id))


def next_question(tree: Classification, answers: Answers, at: date) -> Question | None:
    """The first open question that nobody has said "unknown" to; None if there is nothing left to ask."""
    for question_id in evaluate(tree, answers, at).open_questions:
        if answers.get(question_id) != UNKNOWN:
            return tree.question(question_id)
    return None


def answer_problems(tree: Classification, answers: Answers) -> tuple[str, ...]:
    """Everything that keeps the answers from being read, one sentence each."""
    known = {question.id: question for question in tree.questions}
    found = []
    for question_id, answer in answers.items():
        if question_id not in known:
            found.append(f"{question_id}: is not a question of {tree.title}")
        elif wrong := _wrong_answer(known[question_id], answer):
            found.append(f"{question_id}: {wrong}")
    return tuple(found)


def tree_problems(tree: Classification) -> tuple[str, ...]:
    """Everything that keeps a tree from being asked: words nobody gives, circles, questions without use."""
    found = [*_repeated(tree), *_unknown_words(tree)]
    if found:
        return tuple(found)
    found = _circles(tree)
    if found:
        return tuple(found)
    used = {atom.name for condition in _conditions(tree) for atom in atoms(condition) if atom.kind == "answer"}
    return tuple(f"question {q.id}: no rule and no question depends on it" for q in tree.questions if q.id not in used)


def never_asked(tree: Classification) -> tuple[str, ...]:
    """Questions that no answers lead to. Searches for each: a third of a second for the largest tree."""
    return tuple(
        f"question {q.id}: it is never asked, whatever is answered"
        for q in tree.questions
        if witness(tree, q.asked_if) is None
    )


def witness(tree: Classification, condition: Condition, at: date = date.max) -> dict[str, Answer] | None:
    """Answers under which the condition holds, or None if there are none."""
    steps, index = iter(range(SEARCH_STEPS)), _index(tree)

    def search(answers: dict[str, Answer]) -> dict[str, Answer] | None:
        if next(steps, None) is None:
            return None
        case = _Case(tree, index, answers, at)
        truth = case.condition(condition).truth
        if truth is not None:
            return answers if truth else None
        question = next(q for q in tree.questions if q.id in case.open_in(condition))
        for answer in _possible(question):
            if (found := search({**answers, question.id: answer})) is not None:
                return found
        return None

    return search({})


def atoms(condition: Condition) -> Iterator[Atom]:
    """The smallest conditions within one."""
    if isinstance(condition, Atom):
        yield condition
        return
    for part in condition.parts:
        yield from atoms(part)


def parse_atom(text: str) -> Atom:
    """Reads `question`, `question=choice`, `flag:word`, `role:word`, `class:word` or `outcome:word`, `!` for not."""
    name = text.removeprefix("!")
    for kind in ("flag", "role", "class", "outcome"):
        if name.startswith(f"{kind}:"):
            return Atom(kind=kind, name=name.partition(":")[2], negated=text.startswith("!"))
    question, _, choice = name.partition("=")
    return Atom(kind="answer", name=question, choice=choice, negated=text.startswith("!"))


@dataclass(frozen=True, slots=True)
class _Held:
    """Whether something holds (None: not known yet), and since when the law says so."""

    truth: bool | None
    start: date = ALWAYS


@dataclass(frozen=True, slots=True)
class _Index:
    """Where the questions and the rules behind each word are to be found."""

    questions: Mapping[str, Question]
    givers: Mapping[tuple[str, str], Sequence[Rule]]


def _index(tree: Classification) -> _Index:
    givers: dict[tuple[str, str], list[Rule]] = {}
    for rule in tree.rules:
        for word in _given(rule.gives):
            givers.setdefault(word, []).append(rule)
    return _Index({question.id: question for question in tree.questions}, givers)


@dataclass(slots=True)
class _Case:
    """One set of answers on one day; every rule and question is worked out once."""

    tree: Classification
    index: _Index
    answers: Answers
    at: date
    rules: dict[str, _Held] = field(default_factory=dict)
    asked: dict[str, bool | None] = field(default_factory=dict)
    words: dict[tuple[str, str], _Held] = field(default_factory=dict)
    waiting: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    held: dict[int, _Held] = field(default_factory=dict)  # by identity: the tree keeps its conditions alive

    def condition(self, condition: Condition) -> _Held:
        """Whether a condition holds; worked out once."""
        known = self.held.get(id(condition))
        if known is None:
            self.held[id(condition)] = known = self.weigh(condition)
        return known

    def weigh(self, condition: Condition) -> _Held:
        """Kleene's logic; the start of a yes is the day from which all it rests on holds."""
        if isinstance(condition, Atom):
            held = self.answer(condition) if condition.kind == "answer" else self.derived(condition)
            if not condition.negated or held.truth is None:
                return held
            return _Held(not held.truth)
        parts = [self.condition(part) for part in condition.parts]
        if condition.how == "all":
            return _all(parts)
        if condition.how == "any":
            return _any(parts)
        held = _any(parts)
        return _Held(None if held.truth is None else not held.truth)

    def rule(self, rule: Rule) -> _Held:
        """Whether a rule holds, and from when: its own first day or that of what it rests on, the later one."""
        if rule.id not in self.rules:
            held = _Held(False) if rule.until_on and rule.until_on <= self.at else self.condition(rule.when)
            self.rules[rule.id] = _Held(held.truth, max(held.start, rule.from_on or ALWAYS))
        return self.rules[rule.id]

    def answer(self, atom: Atom) -> _Held:
        """Whether the answer is this one: no if the question is not asked, and while that is open at most no."""
        asked = self.is_asked(atom.name)
        if asked is False:
            return _Held(False)
        said = _says(self.answers.get(atom.name, UNKNOWN), atom.choice or "yes")
        return _Held(said if asked or said is False else None)

    def derived(self, atom: Atom) -> _Held:
        """Whether a rule gives the word; worked out once."""
        word = (atom.kind, atom.name)
        if word not in self.words:
            self.words[word] = self.given(atom)
        return self.words[word]

    def given(self, atom: Atom) -> _Held:
        """The same from the rules. Flags are facts and have no date; an outcome is that of the day."""
        held = [self.rule(rule) for rule in self.index.givers.get((atom.kind, atom.name), ())]
        if atom.kind == "outcome":
            held = [one for one in held if one.start <= self.at]
        starts = [one.start for one in held if one.truth]
        if starts:
            return _Held(True, min(starts) if atom.kind in ("role", "class") else ALWAYS)
        return _Held(None if any(one.truth is None for one in held) else False)

    def is_asked(self, question_id: str) -> bool | None:
        """Whether the question is put; None while an earlier answer decides that."""
        if question_id not in self.asked:
            self.asked[question_id] = self.condition(self.index.questions[question_id].asked_if).truth
        return self.asked[question_id]

    def open_in(self, condition: Condition) -> set[str]:
        """The questions to ask now whose answers a condition still waits for."""
        if self.condition(condition).truth is not None:
            return set()
        if isinstance(condition, Group):
            return {question for part in condition.parts for question in self.open_in(part)}
        word = (condition.kind, condition.name)
        if word not in self.waiting:
            self.waiting[word] = self.open_behind(condition)
        return self.waiting[word]

    def open_behind(self, atom: Atom) -> set[str]:
        """The same for an answer or a word that is not known yet."""
        if atom.kind != "answer":
            givers = self.index.givers.get((atom.kind, atom.name), ())
            return {question for rule in givers for question in self.open_in(rule.when)}
        if self.is_asked(atom.name) is None:
            return self.open_in(self.index.questions[atom.name].asked_if)
        return {atom.name}

    def is_answered(self, question_id: str) -> bool:
        """Whether somebody gave a whole answer, put now or not."""
        value = self.answers.get(question_id, UNKNOWN)
        return value is not None and value != UNKNOWN and not isinstance(value, AtLeast)

    def behind(self, condition: Condition, found: set[tuple[str, str]]) -> None:
        """Notes every word on which a condition that is not known yet may still come to rest, questions among them."""
        if self.condition(condition).truth is not None:
            return
        if isinstance(condition, Group):
            for part in condition.parts:
                self.behind(part, found)
            return
        word = (condition.kind, condition.name)
        if word in found:
            return
        found.add(word)
        if condition.kind == "answer":
            self.behind(self.index.questions[condition.name].asked_if, found)
        for rule in self.index.givers.get(word, ()):
            self.behind(rule.when, found)

    def outcome(self) -> Outcome:
        """The whole result, with what is in force on the day told apart from what is certain to come."""
        holding = [rule for rule in self.tree.rules if self.rule(rule).truth]
        since = self.since(holding)
        now = _standing(since, self.at)
        rank = [result.id for result in self.tree.results]
        best = min((rank.index(w) for (k, w), s in since.items() if k == "outcome" and s <= self.at), default=len(rank))
        undecided = tuple(self.undecided(since, best))
        waiting = {question for rule in undecided for question in self.open_in(rule.when)}
        waiting |= {question for one in self.tree.circumstances for question in self.open_in(one.when)}
        ahead: set[tuple[str, str]] = set()
        for condition in (*(rule.when for rule in undecided), *(one.when for one in self.tree.circumstances)):
            if self.condition(condition).truth is None:
                self.behind(condition, ahead)
        because = tuple(self.because(rule) for rule in holding)
        counting = {question for one in because for question, _ in one.answers}
        counting |= {question.id for question in self.tree.questions if self.is_asked(question.id)}
        return Outcome(
            roles=now.roles,
            classes=now.classes,
            high_risk_by=now.high_risk_by,
            outcome=rank[best] if best < len(rank) else "",
            ahead=_standing(since, date.max),
            duties=self.duties(holding, since),
            because=because,
            upcoming=self.upcoming(holding, since, best),
            counting=tuple(q.id for q in self.tree.questions if q.id in counting),
            open_questions=tuple(q.id for q in self.tree.questions if q.id in waiting),
            circumstances=tuple(one.id for one in self.tree.circumstances if self.condition(one.when).truth),
            may_follow=tuple(
                q.id
                for q in self.tree.questions
                if ("answer", q.id) in ahead and q.id not in waiting and not self.is_answered(q.id)
            ),
        )

    def since(self, holding: list[Rule]) -> dict[tuple[str, str], date]:
        """Each word that follows from the rules that hold → the first day on which it does."""
        found: dict[tuple[str, str], date] = {}
        for rule in holding:
            start = self.rule(rule).start
            for word in _given(rule.gives):
                found[word] = min(found.get(word, date.max), start)
        return found

    def undecided(self, since: Mapping[tuple[str, str], date], best: int) -> Iterator[Rule]:
        """Rules not known yet that would give something new, or the same on an earlier day."""
        rank = {result.id: place for place, result in enumerate(self.tree.results)}
        for rule in self.tree.rules:
            if self.rule(rule).truth is not None:
                continue
            earliest = rule.from_on or ALWAYS
            for kind, word in _given(rule.gives):
                if kind == "flag":
                    continue
                if kind == "outcome":
                    matters = rank[word] < best
                elif kind == "high_risk_by":
                    matters = all(s > earliest for (k, _), s in since.items() if k == kind)
                else:
                    matters = since.get((kind, word), date.max) > earliest
                if matters:
                    yield rule
                    break

    def duties(self, holding: list[Rule], since: Mapping[tuple[str, str], date]) -> tuple[Duty, ...]:
        """The duties in the order in which the rules name them."""
        found: dict[str, list[str]] = {}
        for rule in holding:
            for duty in rule.gives.duties:
                found.setdefault(duty, []).append(rule.id)
        return tuple(
            Duty(id=duty, from_on=_day(since["duty", duty]), rules=tuple(rules)) for duty, rules in found.items()
        )

    def upcoming(self, holding: list[Rule], since: Mapping[tuple[str, str], date], best: int) -> tuple[Upcoming, ...]:
        """Every day ahead on which something is added, in order."""
        rank = [result.id for result in self.tree.results]
        found = []
        standing = _standing(since, self.at)
        for day in sorted({start for (kind, _), start in since.items() if start > self.at and kind not in _QUIET}):
            then = _standing(since, day)
            better = [rank.index(w) for (k, w), start in since.items() if k == "outcome" and start == day]
            outcome = min((place for place in better if place < best), default=best)
            new = {word for word, start in since.items() if start == day and word[0] not in _QUIET}
            one = Upcoming(
                from_on=day,
                roles=tuple(role for role in then.roles if role not in standing.roles),
                classes=tuple(word for word in then.classes if word not in standing.classes),
                high_risk_by="" if then.high_risk_by == standing.high_risk_by else then.high_risk_by,
                outcome=rank[outcome] if outcome < best else "",
                rules=tuple(r.id for r in holding if self.rule(r).start == day and new & set(_given(r.gives))),
            )
            if one.roles or one.classes or one.high_risk_by or one.outcome:
                found.append(one)
            standing, best = then, outcome
        return tuple(found)

    def because(self, rule: Rule) -> Because:
        """The chain from the answers to the article and the day."""
        answers: dict[str, Answer] = {}
        self.collect(rule.when, answers, set(), denials=True)
        ordered = tuple((q.id, answers[q.id]) for q in self.tree.questions if q.id in answers)
        start = _day(self.rule(rule).start)
        return Because(rule=rule.id, says=rule.says, cites=rule.cites, answers=ordered, from_on=start, open=rule.open)

    def collect(
        self, condition: Condition, answers: dict[str, Answer], seen: set[tuple[str, str, bool]], *, denials: bool
    ) -> None:
        """Notes the answers that decided a condition, through the rules it rests on.

        `denials`: also those that kept other rules from holding; not again for the rules behind a rule, which have
        reasons of their own.
        """
        truth = self.condition(condition).truth
        if isinstance(condition, Group):
            wanted = not truth if condition.how == "none" else truth
            for part in condition.parts:
                if self.condition(part).truth == wanted:
                    self.collect(part, answers, seen, denials=denials)
            return
        mark = (condition.kind, condition.name, denials)
        if mark in seen:
            return
        seen.add(mark)
        if condition.kind != "answer":
            holds = truth != condition.negated
            for rule in self.index.givers.get((condition.kind, condition.name), ()):
                if self.rule(rule).truth == holds and (holds or denials):
                    self.collect(rule.when, answers, seen, denials=denials and not holds)
        elif self.is_asked(condition.name) is False:
            if denials:
                self.collect(self.index.questions[condition.name].asked_if, answers, seen, denials=True)
        elif condition.name in self.answers:
            answers[condition.name] = _plain(self.answers[condition.name])


_QUIET = ("flag", "duty")


def _says(value: object, choice: str) -> bool | None:
    """Whether an answer holds that choice; None if it does not say."""
    if value is None or value == UNKNOWN:
        return None
    if isinstance(value, AtLeast):
        return True if choice in value.choices else None
    if isinstance(value, str):
        return value == choice
    return isinstance(value, Iterable) and choice in value


def _all(parts: list[_Held]) -> _Held:
    if any(part.truth is False for part in parts):
        return _Held(False)
    if any(part.truth is None for part in parts):
        return _Held(None)
    return _Held(True, max((part.start for part in parts), default=ALWAYS))


def _any(parts: list[_Held]) -> _Held:
    """A yes with a first day waits for the parts not known yet: one of them might bring that day forward."""
    starts = [part.start for part in parts if part.truth]
    unknown = any(part.truth is None for part in parts)
    if starts and (min(starts) == ALWAYS or not unknown):
        return _Held(True, min(starts))
    return _Held(None if unknown else False)


def _given(gives: Gives) -> tuple[tuple[str, str], ...]:
    """Everything a rule gives, as kind and word."""
    return (
        *(("role", word) for word in gives.roles),
        *(("class", word) for word in gives.classes),
        *((("high_risk_by", gives.high_risk_by),) if gives.high_risk_by else ()),
        *((("outcome", gives.outcome),) if gives.outcome else ()),
        *(("flag", word) for word in gives.flags),
        *(("duty", word) for word in gives.duties),
    )


def _standing(since: Mapping[tuple[str, str], date], at: date) -> Standing:
    """Roles and classes on a day; of two ways to high risk the one that binds first."""
    held = {word: start for word, start in since.items() if start <= at}
    ways: tuple[HighRiskBy, ...] = tuple(word for word in get_args(HighRiskBy) if ("high_risk_by", word) in held)
    return Standing(
        roles=tuple(role for role in get_args(Role) if ("role", role) in held),
        classes=tuple(word for word in get_args(RiskClass) if ("class", word) in held),
        high_risk_by=min(ways, key=lambda word: held["high_risk_by", word], default=""),
    )


def _day(start: date) -> date | None:
    return None if start == ALWAYS else start


def _plain(value: object) -> Answer:
    if isinstance(value, AtLeast):
        return value.choices
    return value if isinstance(value, str) else tuple(str(one) for one in value) if isinstance(value, Iterable) else ""


def _wrong_answer(question: Question, answer: object) -> str:
    """The end of a sentence that says why an answer cannot be read; empty if it can."""
    if answer is None or answer == UNKNOWN:
        return ""
    answer = answer.choices if isinstance(answer, AtLeast) else answer
    choices = ("yes", "no") if question.kind == "yes_no" else tuple(choice.id for choice in question.choices)
    known = ", ".join(choices)
    if question.kind != "several":
        return "" if isinstance(answer, str) and answer in choices else f"is {answer!r}; it is one of {known}"
    if not isinstance(answer, list | tuple):
        return f"is {answer!r}, which is not a list of {known}"
    wrong = [one for one in answer if one not in choices]
    return f"names {', '.join(map(repr, wrong))}; known are {known}" if wrong else ""


def _possible(question: Question) -> list[Answer]:
    """The answers a search tries; of several choices at most two, or all."""
    if question.kind == "yes_no":
        return ["yes", "no"]
    choices = tuple(choice.id for choice in question.choices)
    if question.kind == "choice":
        return list(choices)
    return [*((one,) for one in choices), (), *combinations(choices, 2), choices]


def _conditions(tree: Classification) -> list[Condition]:
    return [
        *(question.asked_if for question in tree.questions),
        *(rule.when for rule in tree.rules),
        *(one.when for one in tree.circumstances),
    ]


def _repeated(tree: Classification) -> list[str]:
    found = []
    for kind, ids in (
        ("question", [question.id for question in tree.questions]),
        ("rule", [rule.id for rule in tree.rules]),
        ("result", [result.id for result in tree.results]),
        ("circumstance", [one.id for one in tree.circumstances]),
    ):
        found += [f"{kind} {one}: the id occurs twice" for one in sorted({i for i in ids if ids.count(i) > 1})]
    return found


def _unknown_words(tree: Classification) -> list[str]:
    """Conditions on questions, choices and words that the tree does not have, and outcomes without a result."""
    given = {word for rule in tree.rules for word in _given(rule.gives)}
    places = [(f"question {q.id}", q.asked_if) for q in tree.questions] + [(f"rule {r.id}", r.when) for r in tree.rules]
    places += [(f"circumstance {one.id}", one.when) for one in tree.circumstances]
    found = [
        f"{place}: {atom}: {wrong}"
        for place, condition in places
        for atom in atoms(condition)
        if (wrong := _wrong_atom(tree, atom, given))
    ]
    results = {result.id for result in tree.results}
    outcomes = {word for kind, word in given if kind == "outcome"}
    found += [f"outcome {word}: is given by a rule, but is no result" for word in sorted(outcomes - results)]
    found += [f"result {word}: no rule gives it" for word in sorted(results - outcomes)]
    tested = {atom.name for condition in _conditions(tree) for atom in atoms(condition) if atom.kind == "flag"}
    unused = sorted(word for kind, word in given if kind == "flag" and word not in tested)
    return [*found, *(f"flag {word}: no condition asks for it" for word in unused)]


def _wrong_atom(tree: Classification, atom: Atom, given: set[tuple[str, str]]) -> str:
    if atom.kind != "answer":
        return "" if (atom.kind, atom.name) in given else "no rule gives it"
    question = next((question for question in tree.questions if question.id == atom.name), None)
    if question is None:
        return "is not a question"
    if question.kind == "yes_no":
        return "the question is answered by yes or no, so it has no choice" if atom.choice else ""
    return "" if atom.choice in {choice.id for choice in question.choices} else "the question has no such choice"


def _circles(tree: Classification) -> list[str]:
    """Questions and rules that wait for themselves."""
    needs: dict[str, set[str]] = {}
    for rule in tree.rules:
        needs[f"rule {rule.id}"] = _needs(tree, rule.when)
    for question in tree.questions:
        needs[f"question {question.id}"] = _needs(tree, question.asked_if)
    settled: set[str] = set()
    while free := {node for node, wanted in needs.items() if node not in settled and wanted <= settled}:
        settled |= free
    return [f"{node}: waits for itself, directly or through others" for node in sorted(set(needs) - settled)]


def _needs(tree: Classification, condition: Condition) -> set[str]:
    found: set[str] = set()
    for atom in atoms(condition):
        if atom.kind == "answer":
            found.add(f"question {atom.name}")
        else:
            found |= {f"rule {rule.id}" for rule in tree.rules if (atom.kind, atom.name) in _given(rule.gives)}
    return found
