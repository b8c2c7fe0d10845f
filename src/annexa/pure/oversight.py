"""AI decisions that wait for a human: who decides, how many of them, until when, and what happens if nobody does.

A case is never approved by silence: when its time has passed it ends as the system's owner chose beforehand, stopped or
with an output of the owner's own. One person who stops a case ends it; whatever lets something happen takes as many
persons as the case needs, each of whom says the same without knowing what the others said.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from annexa.pure.permits import Refusal

Decision = Literal["approved", "overridden", "stopped"]
State = Literal["waiting", "escalated", "overdue", "settled", "fell"]
Cases = Literal["here", "elsewhere", "none"]
DECISIONS: tuple[Decision, ...] = ("approved", "overridden", "stopped")
CASES: tuple[Cases, ...] = ("here", "elsewhere", "none")
"""Where the cases of a system wait for a human: here, in another tool, or nowhere, since there are none."""
DEFAULTS: tuple[str, ...] = ("stop", "substitute")
"""What a case falls to that nobody decided: nothing is done, or the owner's own output is used. Never what the system
proposed."""
UNREACHABLE: tuple[str, ...] = ("stop", "continue")
"""What a system does while it cannot ask for its stop switch."""
LAW, REMOTE = "eu-ai-act", "remote-identification"
"""The law, and its word for a use of Annex III, point 1(a), that two persons confirm: Art. 14(5)."""
CLAIM = timedelta(minutes=30)
"""How long a case is kept for who took it."""
MINUTE, LONGEST = 1, 60 * 24 * 90
"""The shortest and the longest time to decide, in minutes."""
LONGEST_DELEGATION = timedelta(days=92)
LIMITS: Mapping[str, int] = {
    "title": 300, "input": 65_536, "output": 65_536, "explanation": 16_384, "policy": 8_192, "about": 200,
}  # fmt: skip
"""How many characters each part of a case has at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the owner of an AI system has it overseen.

    `overseers`, `escalate_to`: people by number. `minutes` to decide, then `escalate_minutes` more for those it is
    escalated to; 0: it is not. `safe_default`, `safe_output`: what a case falls to that nobody decided.
    """

    cases: Cases = "here"
    overseers: tuple[int, ...] = ()
    two_persons: bool = False
    minutes: int = 60
    escalate_minutes: int = 0
    escalate_to: tuple[int, ...] = ()
    safe_default: str = "stop"
    safe_output: str = ""
    least_seconds: int = 5
    if_unreachable: str = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How many persons a case needs, and why."""

    persons: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one person decided about a case. `instead`: what is used in place of the output, where it is overridden.
    `needed`: how many persons the case needed by then."""

    by: int
    decision: Decision
    instead: str = ""
    needed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A case is kept for a person from an instant until another one (exclusive)."""

    by: int
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands: what it needs, until when, what was said about it, and whether it fell to the default.

    `due_at`: until when the overseers decide; `ends_at`: until when anybody does (both exclusive).
    """

    needed: int
    due_at: datetime
    ends_at: datetime
    given: tuple[Given, ...] = ()
    claims: tuple[Claim, ...] = ()
    fell: bool = False

    @property
    def persons(self) -> int:
        """How many persons it needs by now: what was asked for at any time, the most of it."""
        return max(self.needed, *(one.needed for one in self.given), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a case: the decision that holds, with what is used instead; who concurred in it."""

    decision: Decision
    instead: str
    by: tuple[int, ...]


# What is asked of a case


def needed(words: Collection[str] | None, plan: Plan) -> Needed:
    """How many persons decide. `words`: what was decided about the system under the AI Act; None: nothing was.

    Source: Regulation (EU) 2024/1689 Art. 14(5).
    """
    if words is not None and REMOTE in words:
        return Needed(persons=2, because="AI Act Art. 14(5): two persons confirm a match of remote identification.")
    if plan.two_persons:
        return Needed(persons=2, because="The owner of the system asks for two persons.")
    return Needed(persons=1, because="One person decides.")


def deadlines(plan: Plan, *, asked_minutes: int | None, now: datetime) -> tuple[datetime, datetime]:
    """Until when the overseers decide a case, and until when anybody does. Who asks may have less time, never more."""
    minutes = plan.minutes if asked_minutes is None else min(plan.minutes, asked_minutes)
    due = now + timedelta(minutes=minutes)
    return due, due + timedelta(minutes=plan.escalate_minutes)


def plan_problems(plan: Plan, *, words: Collection[str] | None, unable: Mapping[int, str]) -> dict[str, list[str]]:
    """Everything that is wrong with a plan, by field. `unable`: the names of those who may not decide there."""
    problems: dict[str, list[str]] = {}
    people = (*plan.overseers, *plan.escalate_to)
    if plan.cases not in CASES:
        problems["cases"] = [f"Choose one of: {', '.join(CASES)}."]
    if plan.safe_default not in DEFAULTS:
        problems["safe_default"] = [f"Choose one of: {', '.join(DEFAULTS)}. Silence never approves."]
    if plan.if_unreachable not in UNREACHABLE:
        problems["if_unreachable"] = [f"Choose one of: {', '.join(UNREACHABLE)}."]
    for field, who in (("overseers", plan.overseers), ("escalate_to", plan.escalate_to)):
        if names := [unable[one] for one in who if one in unable]:
            problems[field] = [f"{', '.join(names)} may not decide about this system."]
    if plan.cases != "here":
        return problems
    persons = needed(words, plan)
    if len(set(plan.overseers)) < persons.persons:
        many = "two overseers" if persons.persons == 2 else "one overseer"
        problems.setdefault("overseers", []).append(f"Name at least {many}. {persons.because}")
    if not MINUTE <= plan.minutes <= LONGEST:
        problems["minutes"] = [f"Give from {MINUTE} to {LONGEST:,} minutes."]
    if not 0 <= plan.escalate_minutes <= LONGEST:
        problems["escalate_minutes"] = [f"Give from 0 to {LONGEST:,} minutes; 0: it is not escalated."]
    elif bool(plan.escalate_minutes) != bool(plan.escalate_to):
        problems.setdefault("escalate_to", []).append("Escalation takes both: to whom, and for how many minutes.")
    if plan.safe_default == "substitute" and not plan.safe_output.strip():
        problems["safe_output"] = ["Say what is used where nobody decides."]
    if len(people) > 50:
        problems.setdefault("overseers", []).append("Name at most 50 people in all.")
    if not 0 <= plan.least_seconds <= 3_600:
        problems["least_seconds"] = ["Give from 0 to 3,600 seconds."]
    return problems


def case_problems(texts: Mapping[str, str], *, plan: Plan | None, asked_minutes: int | None) -> dict[str, list[str]]:
    """Everything that keeps a case from being taken, by field. `plan`: that of the system, None: nobody made one."""
    problems = {
        name: [f"At most {LIMITS[name]:,} characters are taken; it has {len(text):,}."]
        for name, text in texts.items()
        if len(text) > LIMITS[name]
    }
    for name in ("title", "output"):
        if not texts[name].strip():
            problems.setdefault(name, []).append("It is missing; a person decides about it.")
    if plan is None:
        problems[""] = ["Nobody chose how this system is overseen; its owner does, on the page of its oversight."]
    elif plan.cases != "here":
        problems[""] = ["By the plan of its oversight no case of this system waits here."]
    if asked_minutes is not None and asked_minutes < MINUTE:
        problems["minutes"] = ["Give at least one minute."]
    return problems


# How a case stands


def outcome(case: Case) -> Outcome | None:
    """What the persons' decisions come to; None while they come to nothing.

    One who stops ends it. Anything else needs as many persons as the case needs, who say the same.
    """
    stopped = next((one for one in case.given if one.decision == "stopped"), None)
    if stopped is not None:
        return Outcome(decision="stopped", instead="", by=(stopped.by,))
    said: dict[tuple[Decision, str], list[int]] = {}
    for one in case.given:
        concurring = said.setdefault((one.decision, one.instead.strip()), [])
        if one.by not in concurring:
            concurring.append(one.by)
        if len(concurring) >= case.persons:
            return Outcome(decision=one.decision, instead=one.instead.strip(), by=tuple(concurring))
    return None


def state(case: Case, now: datetime) -> State:
    """How a case stands at an instant. Overdue: its time has passed, and it falls to the default with the next look."""
    if outcome(case) is not None:
        return "settled"
    if case.fell:
        return "fell"
    if now >= case.ends_at:
        return "overdue"
    return "escalated" if now >= case.due_at else "waiting"


def claimed_by(case: Case, now: datetime) -> tuple[int, ...]:
    """For whom a case is kept now; who has decided needs it no more."""
    done = {one.by for one in case.given}
    return tuple(dict.fromkeys(one.by for one in case.claims if one.until > now and one.by not in done))


def free(case: Case, now: datetime, *, person: int) -> Refusal | None:
    """Why somebody cannot take a case now; None: they can.

    As many persons as are still needed may have it at once; where two do not agree, one more may.
    """
    if any(one.by == person for one in case.given):
        return Refusal(because="You have decided about it already; now somebody else does.")
    others = [one for one in claimed_by(case, now) if one != person]
    most: dict[tuple[str, str], int] = {}
    for one in case.given:
        key = (one.decision, one.instead.strip())
        most[key] = most.get(key, 0) + 1
    left = case.persons - max(most.values(), default=0)
    if len(others) >= left:
        return Refusal(because="Somebody else has taken it; it is free when they give it back, or in half an hour.")
    return None


def take_refusal(case: Case, now: datetime, *, person: int, entitled: bool) -> Refusal | None:
    """Why somebody may not take a case, or decide about it; None: they may. `entitled`: they oversee the system."""
    if not entitled:
        return Refusal(because="Only overseers of this system decide, those they delegated to, and in the end others.")
    if (stands := state(case, now)) not in ("waiting", "escalated"):
        words = {"settled": "It is decided.", "fell": "Its time has passed; it fell to the default."}
        return Refusal(because=words.get(stands, "Its time has passed; it falls to the default."))
    return free(case, now, person=person)


def seconds_taken(case: Case, now: datetime, *, person: int) -> int | None:
    """For how long somebody has had a case that is kept for them, in whole seconds; None: it is not."""
    held = [one for one in case.claims if one.by == person and one.at <= now < one.until]
    return max(0, int((now - held[-1].at).total_seconds())) if held else None


def decision_problems(decision: str, *, because: str, instead: str) -> dict[str, list[str]]:
    """Everything that is wrong with a decision, by field. To approve takes a reason as well: it is not to be easier."""
    problems: dict[str, list[str]] = {}
    if decision not in DECISIONS:
        problems["decision"] = [f"Choose one of: {', '.join(DECISIONS)}."]
    if not because.strip():
        problems["because"] = ["Say why; to approve needs a reason as much as to override."]
    if decision == "overridden" and not instead.strip():
        problems["instead"] = ["Say what is used instead."]
    if decision in ("approved", "stopped") and instead.strip():
        problems["instead"] = ["Only who overrides says what is used instead."]
    if len(instead) > LIMITS["output"]:
        problems["instead"] = [f"At most {LIMITS['output']:,} characters are taken."]
    return problems


# Who decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """An overseer lets somebody decide in their place until an instant (exclusive)."""

    by: int
    to: int
    until: datetime


def entitled(plan: Plan, delegations: Iterable[Delegation], *, person: int, escalated: bool, now: datetime) -> bool:
    """Whether somebody decides about the cases of a system. Delegation goes one step: nobody hands on what they hold
    by one. Whether they may at all is asked apart."""
    held = {*plan.overseers, *(plan.escalate_to if escalated else ())}
    return person in held or any(one.to == person and one.by in held and one.until > now for one in delegations)


def delegation_problems(
    plan: Plan | None, *, by: int, to: int, able: bool, until: datetime, now: datetime, running: Sequence[Delegation]
) -> dict[str, list[str]]:
    """Everything that keeps a delegation from being made. `able`: whether who it goes to may decide there."""
    problems: dict[str, list[str]] = {}
    if plan is None or by not in (*plan.overseers, *plan.escalate_to):
        problems[""] = ["Only an overseer of this system can delegate, and only what is theirs."]
    if to == by:
        problems["to"] = ["Name somebody else."]
    elif not able:
        problems["to"] = ["They may not decide about this system, so it cannot be delegated to them."]
    elif any(one.by == by and one.to == to and one.until > now for one in running):
        problems["to"] = ["They decide in your place already; end that first."]
    if not now < until <= now + LONGEST_DELEGATION:
        problems["until"] = [f"Give an end within {LONGEST_DELEGATION.days} days from now."]
    return problems


# What a system wrote, on screen


_KEPT = frozenset("\n\t\u200c\u200d")
"""What stays as it is: breaks and tabs, and the two signs that only join letters or part them."""


def harmless(text: str) -> str:
    """A text with every control and direction mark made visible, so that it cannot change what stands around it.

    Signs that only format, such as those that turn the direction of writing, are named by their number.
    """
    return "".join(one if one in _KEPT else _visible(one) for one in text.replace("\r\n", "\n"))


def _visible(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Cc":
        number = ord(sign)
        return chr(0x2400 + number) if number < 0x20 else "\u2421" if number == 0x7F else f"\u27e8U+{number:04X}\u27e9"
    return f"\u27e8U+{ord(sign):04X}\u27e9" if kind in ("Cf", "Cs", "Co", "Zl", "Zp") else sign
