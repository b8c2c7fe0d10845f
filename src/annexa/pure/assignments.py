"""Who has to take which training by when, and who has it in date: people, rules and completions in, assignments out.

Nobody types an assignment. A rule reaches who fits one of its lines; their time begins when they came to fit it, at the
earliest when the rule began. Of what somebody completed the one that holds longest counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

from annexa.pure.instants import months_after
from annexa.pure.register import Entry
from annexa.pure.registers.training_rules import DEALINGS, DUE_DAYS, EVERYONE, lines_of

Standing = Literal["expired", "overdue", "due", "expiring", "done"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""How somebody stands towards a training, what needs them most first."""
CURRENT: frozenset[Standing] = frozenset({"done", "expiring"})
TO_TAKE: frozenset[Standing] = frozenset({"expired", "overdue", "due", "expiring"})
"""What somebody has to do something about, or soon."""
LATE: frozenset[Standing] = frozenset({"expired", "overdue"})
EXPIRING_DAYS = 30
"""So many days before its end a completion is said to be expiring."""

PartKind = Literal["role", "office", "committee", "unit", "own", "operate", "oversee", "approve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that somebody is here, since a day: of a role, in an office, committee or unit, or has to do with an AI
    system (`what` its slug, `classes` its risk classes)."""

    kind: PartKind
    what: str
    since: date
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Somebody who works here. `since`: when they joined. `units`: those they belong to themselves, for pages."""

    person: int
    name: str
    email: str
    since: date
    parts: tuple[Part, ...] = ()
    units: tuple[str, ...] = ()

    @property
    def dealings(self) -> tuple[str, ...]:
        """What they have to do with AI systems, in the order of the rules' own words."""
        held = {one.kind for one in self.parts}
        return tuple(word for word in DEALINGS if word in held)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRule:
    """A rule as it stands. `course`: of the library; "": a qualification, by its `title`."""

    slug: str
    name: str
    title: str
    course: str = ""
    literacy: bool = False
    roles: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    committees: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    dealing: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    from_on: date | None = None
    within_days: int = DUE_DAYS
    valid_months: int | None = None
    serves: tuple[str, ...] = ()

    @staticmethod
    def of(
        slug: str, entry: Entry, *, recorded_on: date, course_months: Mapping[str, int], titles: Mapping[str, str]
    ) -> "TrainingRule":
        """The rule of a record. `course_months` and `titles`: what the courses of the library say, by their ids.

        A rule that does not say since when it counts does so since it was recorded: nobody is late on its first day.
        """
        return TrainingRule(
            slug=slug,
            name=entry.name,
            title=titles.get(entry.course, "") or entry.qualification or entry.name,
            course=entry.course,
            literacy=entry.literacy == "yes",
            roles=entry.roles,
            offices=lines_of(entry.offices),
            committees=lines_of(entry.committees),
            units=lines_of(entry.units),
            people=lines_of(entry.people),
            dealing=entry.dealing,
            classes=entry.classes,
            from_on=entry.from_on or recorded_on,
            within_days=DUE_DAYS if entry.within_days is None else entry.within_days,
            valid_months=entry.valid_months or course_months.get(entry.course),
            serves=entry.serves,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A training that somebody completed. `email` in small letters; `valid_until`: where it says so itself."""

    slug: str
    email: str
    title: str
    on: date
    course: str = ""
    valid_until: date | None = None
    score: int | None = None
    how: str = ""

    @staticmethod
    def of(slug: str, entry: Entry) -> "Completed | None":
        """The completion of a record; None where it does not say when that was."""
        if entry.completed_on is None:
            return None
        return Completed(
            slug=slug, email=entry.person.strip().casefold(), title=entry.name, on=entry.completed_on,
            course=entry.course, valid_until=entry.valid_until, score=entry.score, how=entry.how,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one rule asks of one person: since when, by when, and what they have completed that holds longest.

    `until`: the last day on which that holds; None: for good, or nothing is completed. `by`: through what the rule
    reaches them, as words such as own or everyone. `systems`: the AI systems through which it does.
    """

    rule: TrainingRule
    learner: Learner
    since: date
    due_on: date
    completed: Completed | None
    until: date | None
    standing: Standing
    by: tuple[str, ...]
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One training of one person, whatever number of rules ask for it: the strictest of them holds."""

    learner: Learner
    training: str
    title: str
    course: str
    duties: tuple[Duty, ...]

    @property
    def strictest(self) -> Duty:
        """The duty that needs them most."""
        return min(self.duties, key=_need)

    @property
    def standing(self) -> Standing:
        """How they stand."""
        return self.strictest.standing

    @property
    def due_on(self) -> date:
        """By when it is, or was, due: for what has been completed the last day on which that holds, where it ends."""
        one = self.strictest
        return one.until if one.until is not None and one.completed is not None else one.due_on

    @property
    def until(self) -> date | None:
        """The last day on which what they completed holds for every rule; None: for good, or nothing is completed."""
        return min((one.until for one in self.duties if one.until is not None), default=None)


def _need(duty: Duty) -> tuple[int, date, str]:
    return STANDINGS.index(duty.standing), duty.until or duty.due_on, duty.rule.slug


def duties(
    learners: Iterable[Learner], rules: Iterable[TrainingRule], completions: Iterable[Completed], on: date
) -> tuple[Duty, ...]:
    """What every rule asks of everybody it reaches on a day, by rule and then by person."""
    held: dict[str, list[Completed]] = {}
    for one in sorted(completions, key=lambda one: (one.on, one.slug)):
        if one.on <= on:
            held.setdefault(one.email, []).append(one)
    known = sorted(learners, key=lambda one: one.person)
    return tuple(
        found
        for rule in sorted(rules, key=lambda one: one.slug)
        if rule.from_on is None or rule.from_on <= on
        for learner in known
        if (found := _duty(rule, learner, held.get(learner.email.casefold(), ()), on)) is not None
    )


def _duty(rule: TrainingRule, learner: Learner, held: Sequence[Completed], on: date) -> Duty | None:
    reached = tuple(_reached(rule, learner))
    if not reached:
        return None
    since = max(min(one for _, one, _ in reached), rule.from_on or date.min)
    due_on = since + timedelta(days=rule.within_days)
    fitting = [one for one in held if fits(rule, one)]
    best = max(fitting, key=lambda one: (holds_until(rule, one) or date.max, one.on, one.slug), default=None)
    until = holds_until(rule, best) if best is not None else None
    return Duty(
        rule=rule,
        learner=learner,
        since=since,
        due_on=due_on,
        completed=best,
        until=until,
        standing=_standing(done=best is not None, until=until, due_on=due_on, on=on),
        by=tuple(dict.fromkeys(word for word, _, _ in reached)),
        systems=tuple(sorted({slug for _, _, slug in reached if slug})),
    )


def fits(rule: TrainingRule, completed: Completed) -> bool:
    """Whether a completion is of what a rule asks for: the same course, or the same title in any case of letters."""
    if rule.course and completed.course == rule.course:
        return True
    return " ".join(completed.title.casefold().split()) == " ".join(rule.title.casefold().split())


def holds_until(rule: TrainingRule, completed: Completed) -> date | None:
    """The last day on which a completion holds for a rule, by its own end or the rule's; None: for good."""
    ends = [completed.valid_until] if completed.valid_until is not None else []
    if rule.valid_months is not None:
        ends.append(months_after(completed.on, rule.valid_months))
    return min(ends, default=None)


def _standing(*, done: bool, until: date | None, due_on: date, on: date) -> Standing:
    if not done:
        return "due" if on <= due_on else "overdue"
    if until is None or on + timedelta(days=EXPIRING_DAYS) <= until:
        return "done"
    return "expiring" if on <= until else "expired"


def _reached(rule: TrainingRule, learner: Learner) -> Iterator[tuple[str, date, str]]:
    """Through what a rule reaches somebody: a word, since when, and the AI system, if it is through one."""
    if EVERYONE in rule.roles:
        yield EVERYONE, learner.since, ""
    if learner.email.casefold() in rule.people:
        yield "person", learner.since, ""
    named: Mapping[str, tuple[str, ...]] = {
        "role": rule.roles, "office": rule.offices, "committee": rule.committees, "unit": rule.units,
    }  # fmt: skip
    for part in learner.parts:
        if part.what.casefold() in named.get(part.kind, ()):
            yield part.what, part.since, ""
        if part.kind in rule.dealing and (not rule.classes or set(rule.classes) & set(part.classes)):
            yield part.kind, part.since, part.what


def assignments(found: Iterable[Duty]) -> tuple[Assignment, ...]:
    """The duties put together by person and training; what needs somebody most first, then by name and title."""
    together: dict[tuple[int, str], list[Duty]] = {}
    for one in found:
        together.setdefault((one.learner.person, training_of(one.rule)), []).append(one)
    made = [
        Assignment(
            learner=same[0].learner, training=training, title=same[0].rule.title, course=same[0].rule.course,
            duties=tuple(same),
        )
        for (_, training), held in together.items()
        if (same := sorted(held, key=_need))
    ]  # fmt: skip
    return tuple(sorted(made, key=order))


def order(one: Assignment) -> tuple[int, date, str, int, str]:
    """What needs somebody most first."""
    return STANDINGS.index(one.standing), one.due_on, one.learner.name.casefold(), one.learner.person, one.training


def training_of(rule: TrainingRule) -> str:
    """What a rule asks for, so that two rules for the same are told from two for different things."""
    return rule.course or f"title/{' '.join(rule.title.casefold().split())}"


# AI literacy: Regulation (EU) 2024/1689 Art. 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Literacy:
    """Whether somebody who has something to do with AI systems has training that fits what that is.

    `duty`: the one that fits best; None: no rule of AI literacy reaches them through it.
    """

    learner: Learner
    dealing: str
    systems: tuple[str, ...]
    duty: Duty | None

    @property
    def current(self) -> bool:
        """Whether it is in date."""
        return self.duty is not None and self.duty.standing in CURRENT


def literacy(learners: Iterable[Learner], found: Iterable[Duty]) -> tuple[Literacy, ...]:
    """Everybody who deals with AI systems, once for each way they do: gaps first, then by name.

    A training fits if a rule that gives AI literacy asks for it because of that dealing.
    """
    by_person: dict[int, list[Duty]] = {}
    for one in found:
        if one.rule.literacy:
            by_person.setdefault(one.learner.person, []).append(one)
    rows = []
    for learner in learners:
        for dealing in learner.dealings:
            asked = [one for one in by_person.get(learner.person, ()) if dealing in one.by]
            best = max(asked, key=_need, default=None)
            systems = tuple(sorted({one.what for one in learner.parts if one.kind == dealing}))
            rows.append(Literacy(learner=learner, dealing=dealing, systems=systems, duty=best))
    return tuple(
        sorted(
            rows,
            key=lambda one: (
                one.current, one.learner.name.casefold(), one.learner.person, DEALINGS.index(one.dealing),
            ),
        )
    )  # fmt: skip


# Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those who have to take something have it in date; `word` is of what: a title, a role, a unit."""

    word: str
    current: int
    late: int
    people: int

    @property
    def percent(self) -> int:
        """Rounded down, so that nothing is whole by rounding."""
        return 100 * self.current // self.people if self.people else 100


def shares(found: Iterable[tuple[str, Standing]]) -> tuple[Share, ...]:
    """The shares by word, the lowest first."""
    counted: dict[str, list[Standing]] = {}
    for word, standing in found:
        counted.setdefault(word, []).append(standing)
    made = [
        Share(
            word=word, people=len(held), current=sum(one in CURRENT for one in held),
            late=sum(one in LATE for one in held),
        )
        for word, held in counted.items()
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda one: (one.percent, one.word.casefold())))


# What the ledger is told

Key = tuple[str, int]
"""A rule by its slug and a person by their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a rule asks of a person as the ledger has it: due by a day, met until a day (None: for good), or released.

    `missing`: what they have to do with AI systems for which no rule asks AI literacy of them; it stands with the first
    rule of AI literacy, as unreached where that one asks nothing else of them. It changes only when people, rules or
    completions do: that a day passes is for whoever reads it to see.
    """

    step: Literal["due", "met", "unreached", "released"]
    due_on: date | None = None
    until: date | None = None
    serves: tuple[str, ...] = ()
    literacy: bool = False
    systems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


RELEASED = Told(step="released")


def told_of(duty: Duty) -> Told:
    """What the ledger is told of a duty."""
    met = duty.completed is not None
    return Told(
        step="met" if met else "due",
        due_on=None if met else duty.due_on,
        until=duty.until,
        serves=tuple(sorted(duty.rule.serves)),
        literacy=duty.rule.literacy,
        systems=duty.systems,
    )


def to_tell(
    learners: Iterable[Learner], rules: Iterable[TrainingRule], found: Sequence[Duty], on: date
) -> dict[Key, Told]:
    """What the ledger has to know: each duty, and who deals with AI systems in a way that no rule of literacy asks for.

    Where there is no rule of AI literacy nothing is missing either: then nothing is proven.
    """
    wanted = {(one.rule.slug, one.learner.person): told_of(one) for one in found}
    first = min((one.slug for one in rules if one.literacy and (one.from_on is None or one.from_on <= on)), default="")
    for one in literacy(learners, found) if first else ():
        if one.duty is None:
            key = (first, one.learner.person)
            before = wanted.get(key, Told(step="unreached", literacy=True))
            systems = tuple(sorted({*before.systems, *one.systems}))
            wanted[key] = replace(before, missing=(*before.missing, one.dealing), systems=systems)
    return wanted


def standing_told(told: Told, on: date) -> Standing | None:
    """How somebody stands on a day by what the ledger was told; None: the rule asks nothing of them."""
    if told.step in ("released", "unreached"):
        return None
    return _standing(done=told.step == "met", until=told.until, due_on=told.due_on or date.max, on=on)


def untold(wanted: Mapping[Key, Told], told: Mapping[Key, Told]) -> tuple[tuple[Key, Told], ...]:
    """What the ledger does not know yet, given what it was told last of each rule and person; by rule and person.

    Who is reached no more is released, and whoever was released and is reached again is told of anew.
    """
    gone = {key: RELEASED for key, one in told.items() if key not in wanted and one.step != "released"}
    news = {key: one for key, one in wanted.items() if told.get(key) != one}
    return tuple(sorted((news | gone).items(), key=lambda one: one[0]))
