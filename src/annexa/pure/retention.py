"""What of the activity log may go and what has to stay: the law's least, the organisation's choice, and legal holds.

Times count from the hour of receipt: no event was made later than it came. A hold wins over everything; the law's
least wins over a choice that is shorter; what was chosen is otherwise the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from annexa.pure.instants import months_after
from annexa.pure.permits import Refusal

HIGH_RISK: Final = "high-risk"
ROLES: Final = ("provider", "deployer")
"""Whose duty the keeping of logs is, as systems say it."""
StepWord = Literal["approved", "refused", "done"]
STEPS: Final[tuple[StepWord, ...]] = ("approved", "refused", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRule:
    """A law that has logs kept for so many months at least. `actor`: the role that it binds; "" binds all."""

    id: str
    article: str
    actor: str
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long the events of a system are kept: as many days as were chosen, and the rules of law that bind.

    `chosen_for`: the system, the organisation, or "" where nobody chose and what is usual holds.
    """

    days: int
    chosen_for: str = ""
    law: tuple[LogRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What must not go until somebody releases it. `system` "": of all systems, and what is nobody's.

    `user`: a pseudonym, "" for everybody. `since` and `until` belong to the span, by when events began; None: open.
    """

    id: str
    because: str
    system: str = ""
    user: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def reaches(self, system: str, first: datetime, last: datetime) -> bool:
        """Whether it may hold something of a system that began within a span of time, both ends in it."""
        return (
            self.system in {"", system}
            and (self.since is None or last >= self.since)
            and (self.until is None or first <= self.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Until when something is kept, and by what: the choice, or the law where that is longer."""

    at: datetime
    by: Literal["choice", "law"]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """It goes: since when it might have, and why."""

    since: datetime
    because: str


def binding(rules: Sequence[LogRule], *, roles: Sequence[str], classes: Sequence[str]) -> tuple[LogRule, ...]:
    """The rules of law that have a system's logs kept.

    `classes`: the legal risk classes of the system. While nobody classified it, it may be of high risk, and is taken
    for it; while nobody said whether we provide or deploy it, both rules count.
    """
    if classes and HIGH_RISK not in classes:
        return ()
    known = set(roles) & set(ROLES)
    return tuple(one for one in rules if not known or not one.actor or one.actor in known)


def law_until(received_at: datetime, law: Sequence[LogRule]) -> datetime | None:
    """Until when the law has it kept, in months of the calendar; None where no rule binds.

    Source: Regulation (EU) 2024/1689 Art. 19(1), 26(6); Regulation (EEC, Euratom) No 1182/71 Art. 3(2)(c) for months.
    """
    if not law:
        return None
    day = months_after(received_at.date(), max(one.months for one in law))
    # A month that begins on one day ends with the whole of the day of the same number.
    return datetime.combine(day + timedelta(days=1), received_at.min.time(), tzinfo=received_at.tzinfo)


def kept_until(received_at: datetime, terms: Terms) -> Until:
    """Until when something received then is kept; from that instant on it goes."""
    chosen = received_at + timedelta(days=terms.days)
    least = law_until(received_at, terms.law)
    if least is not None and least > chosen:
        longest = max(terms.law, key=lambda one: one.months)
        return Until(at=least, by="law", because=f"{longest.article} has logs kept for {longest.months} months.")
    return Until(at=chosen, by="choice", because=f"Kept for {terms.days:,} days, {_chosen(terms.chosen_for)}.")


def expiry(
    *, system: str, first: datetime, last: datetime, received_at: datetime, terms: Terms, holds: Sequence[Hold],
    now: datetime,
) -> Expiry | Refusal:  # fmt: skip
    """Whether events that began from `first` to `last` go now, the last of them received at `received_at`.

    `holds`: those that hold something of it; who holds one person only was asked before whether they are in it.
    """
    held = [one for one in holds if one.reaches(system, first, last)]
    if held:
        return Refusal(because=held_by(held))
    until = kept_until(received_at, terms)
    if now < until.at:
        return Refusal(because=f"It stays until {until.at:%d %B %Y}: {until.because}")
    return Expiry(since=until.at, because=until.because)


def held_by(holds: Sequence[Hold]) -> str:
    """That holds keep something, each with its reason."""
    said = "; ".join(f"{one.id[:8]} ({one.because})" for one in holds)
    return f"Kept by legal hold{'s' if len(holds) > 1 else ''} {said}."


def hold_problems(*, because: str, since: datetime | None, until: datetime | None) -> dict[str, list[str]]:
    """What is wrong with a hold, by field."""
    problems: dict[str, list[str]] = {}
    if not because.strip():
        problems["because"] = ["Say why, such as the case or the authority that asks for it; it stands in the ledger."]
    if since and until and since > until:
        problems["until"] = ["It ends before it begins."]
    return problems


def release_problems(*, because: str, released: bool, set_by: int | None, person: int | None) -> Refusal | None:
    """Why somebody does not release a hold; None: they do. Whoever set it does not: two persons say that it is over.

    Source: ISO/IEC 27001 A.5.3.
    """
    if released:
        return Refusal(because="It is released already.")
    if not because.strip():
        return Refusal(because="Say why nothing needs to be held any more.")
    if person is None:
        return Refusal(because="A person releases a hold: a program may be of whoever set it.")
    if set_by == person:
        return Refusal(because="You set this hold; somebody else releases it.")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many events of a person there are: those that may go, those that a hold keeps, those (of the ones that may
    go) that are younger than the law's least, and the ones of which nothing is left to erase."""

    free: int = 0
    held: int = 0
    young: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(free=self.free + other.free, held=self.held + other.held, young=self.young + other.young)


def erasure_refusal(found: Found, holds: Sequence[Hold]) -> Refusal | None:
    """Why an erasure is not taken up; None: it is, for what no hold keeps."""
    if found.free:
        return None
    if found.held:
        return Refusal(because=held_by(holds))
    return Refusal(because="No event of this person is there, or what they said is gone already.")


def needs_second(found: Found) -> bool:
    """Whether a second person has to agree to an erasure.

    The right to erasure ends where the law has something kept (GDPR Art. 17(3)(b)), and the AI Act has logs of
    high-risk systems kept. The record that something happened stays in any case; whether what a person said is part of
    what has to be kept is a question that two persons answer, the second with a reason of their own.
    """
    return found.young > 0


def step_problems(
    step: str, *, steps: Sequence[str], second: bool, asked_by: int | None, person: int | None, because: str
) -> Refusal | None:
    """Why somebody does not take this step about an erasure that was asked for; None: they do."""
    if step not in {"approved", "refused"}:
        return Refusal(because="Choose one of: approved, refused.")
    if steps:
        return Refusal(because=f"It is {steps[-1]} already.")
    if not second:
        return Refusal(because="Nobody has to agree to it; it is carried out.")
    if not because.strip():
        return Refusal(because="Say why; it stands in the ledger.")
    if step == "approved" and person is None:
        return Refusal(because="A person agrees to it: a program may be of whoever asked.")
    if step == "approved" and asked_by == person:
        return Refusal(because="You asked for it; somebody else agrees to it.")
    return None


def _chosen(chosen_for: str) -> str:
    if not chosen_for:
        return "which is usual, as nobody chose"
    return "as chosen for the organisation" if chosen_for == "organisation" else f"as chosen for {chosen_for}"
