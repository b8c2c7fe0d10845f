"""Checks over training: who has to take what, and has it in date. ISO/IEC 27001 7.2, 7.3, A.6.3; AI Act Art. 4."""

from datetime import date, timedelta

from annexa.pure.checks.over import ALWAYS, Part, as_long, over
from annexa.pure.register import Entry
from annexa.pure.registers.completions import COMPLETIONS
from annexa.pure.registers.training_rules import TRAINING_RULES

ENROLMENTS = Part(
    kind="enrolment",
    register=TRAINING_RULES,
    key=lambda one: f"{one.rule}/{one.person.removeprefix('person/')}",
    tells=lambda one: one.step in ("due", "met", "unreached", "released"),
)
"""What each rule asks of each person it reaches, and whether they have it in date."""


def _asked(one: Entry) -> bool:
    return one.step in ("due", "met")


def _in_date(one: Entry) -> date | None:
    """Until the day after the last one on which it holds or is still due."""
    last = one.until if one.step == "met" else one.due_on
    return ALWAYS if last is None else date.fromisoformat(last) + timedelta(days=1)


@over(TRAINING_RULES)
def training_rules_owned(rule: Entry) -> date | None:
    """Every rule of training has an owner, and says why it is asked."""
    return as_long(rule.owner, rule.reason)


@over(COMPLETIONS)
def completions_shown(completion: Entry) -> date | None:
    """Every completion says when it was, and was answered here or says where the evidence is."""
    return as_long(completion.completed_on, completion.course_sha256 or completion.evidence)


@over(ENROLMENTS, where=_asked)
def training_in_date(one: Entry) -> date | None:
    """Every person has each training that a rule asks of them in date, or still has time for it."""
    return _in_date(one)


@over(ENROLMENTS, where=lambda one: one.literacy and one.step != "released")
def ai_literacy_in_date(one: Entry) -> date | None:
    """Every person who deals with AI systems has AI literacy for it that a rule asks for in date, or time for it."""
    return None if one.missing else _in_date(one)


@over(ENROLMENTS, where=_asked, subjects=lambda one: one.serves)
def qualified(one: Entry) -> date | None:
    """Every person whom a rule that serves this reaches has what it asks for in date, or still has time for it."""
    return _in_date(one)
