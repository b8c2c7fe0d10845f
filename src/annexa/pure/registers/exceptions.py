"""Exceptions from rules, which end: ISO/IEC 27001 A.5.36 and 8.1; ISO/IEC 42001 8.1 and A.9.2; control GOV-15."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from annexa.pure.fields import Field, FieldProblem, choice, day, link, long, owner
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    approval_problem,
    approved,
    controls_of,
    ended,
    name,
    order_problem,
    owned,
    reference,
    systems_of,
    unit,
)

LONGEST = timedelta(days=366)
"""No exception is approved for longer than a year; to extend one is a new decision."""
APPROVED = frozenset({"approved_by", "approved_on"})
"""What the steps of the approval fill in, and nothing else."""
DECIDED = ("name", "document", "controls", "systems", "where", "why", "unit", "asked_by", "instead", "until")
"""What is approved: whoever changes one of these asks anew."""


def asks_anew(before: Entry, after: Entry) -> Entry:
    """The exception without its approval, where it is another one now or its approver came to own it."""
    same = all(before.values[one] == after.values[one] for one in DECIDED)
    if not after.approved_by or (same and after.owner.casefold() != after.approved_by.casefold()):
        return after
    return EXCEPTIONS.replaced(after, {"approved_by": "", "approved_on": None})


def _approved() -> tuple[Field, Field]:
    """As everywhere, and lists show when: before that the exception does not hold."""
    by, on = approved("the exception")
    return by, replace(on, listed=True)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from approval_problem(entry)
    yield from order_problem(entry, EXCEPTIONS, "approved_on", "until")
    asker, approver = (str(one).strip().casefold() for one in (entry.asked_by, entry.approved_by))
    if approver and approver == asker:
        yield FieldProblem(field="approved_by", message="is who asked; somebody else has to approve")
    if not entry.approved_by and entry.approved_on is None:
        return
    if not entry.document and not entry.controls:
        message = "is missing, and no control either, although the exception is approved"
        yield FieldProblem(field="document", message=message)
    for one in ("why", "instead", "until"):
        if not entry.values[one]:
            yield FieldProblem(field=one, message="is missing although the exception is approved")
    if entry.until and entry.approved_on and entry.until > entry.approved_on + LONGEST:
        yield FieldProblem(field="until", message=f"is {entry.until}, more than a year after the approval")


EXCEPTIONS = Register(
    noun="exception",
    plural="exceptions",
    one="exception",
    title="Exceptions",
    says="Which rule is not kept to, where and why, what is done instead, who approved that, and until when.",
    asked_by=("ISO/IEC 27001 A.5.36", "ISO/IEC 27001 8.1", "ISO/IEC 42001 8.1"),
    place="operation",
    fixed=lambda _before: APPROVED,
    asks_anew=asks_anew,
    groups=(
        Group(
            title="What is not kept to",
            fields=(
                name("What is done otherwise, in a few words.", label="Exception"),
                reference("the exception"),
                link("document", "Document", "The policy or other document that asks for it.", to="document",
                     listed=True),
                controls_of("The controls that are not met."),
                systems_of("The AI systems it is about."),
                long("where", "Where", "Which people, places or systems it covers."),
                long("why", "Why", "Why the rule cannot be kept to."),
                unit("the exception"),
                owner("Who asks for it.", name="asked_by", label="Asked by"),
                owned("what the exception leads to"),
            ),
        ),
        Group(
            title="Decision",
            help="Approved on the page of the exception by a lead who neither asks for it, wrote it nor owns it; for a "
            "year at most. A change of what was approved asks anew.",
            fields=(
                long("instead", "Instead", "What is done meanwhile to keep the risk down."),
                *_approved(),
                day("until", "Until", "The last day it holds. An extension is a new decision.", listed=True),
            ),
        ),
        Group(
            title="End",
            help="An exception whose day has passed fails until the rule is kept to or a new one is approved.",
            fields=(
                ended("the exception"),
                choice("outcome", "Outcome", "How it ended.",
                       ("the rule is kept to", "the rule was changed", "extended by another", "refused"), facet=True),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
