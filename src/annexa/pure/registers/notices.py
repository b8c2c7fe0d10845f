"""What people are told: GDPR Art. 12 to 14, EU AI Act Art. 26(7), 26(11) and 50, ISO/IEC 42001 A.8.2."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, long, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    approval_problem,
    approved,
    ended,
    name,
    owned,
    reference,
    systems_of,
    unit,
)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from approval_problem(entry)
    if entry.kind == "not needed" and not entry.reason:
        yield FieldProblem(field="reason", message="is missing although no notice is needed")


NOTICES = Register(
    noun="notice",
    plural="notices",
    one="notice",
    title="Notices",
    says="What customers, staff and people affected are told of their data and of AI, where, in which version.",
    asked_by=("GDPR Art. 13", "EU AI Act Art. 26(7)", "EU AI Act Art. 50", "ISO/IEC 42001 A.8.2"),
    place="privacy",
    groups=(
        Group(
            title="The notice",
            fields=(
                name("Such as privacy notice of the customer portal."),
                reference("the notice"),
                choice(
                    "kind",
                    "Kind",
                    "What it tells. Not needed: why nobody is told of these AI systems.",
                    (
                        "privacy notice",
                        "people affected by decisions",
                        "workers and representatives",
                        "use of AI",
                        "consent",
                        "not needed",
                    ),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                systems_of("The AI systems it tells of."),
                text("where", "Where", "The place and moment people see it."),
                text("languages", "Languages", "The languages it is in.", longest=100),
                text("version", "Version", "The version that is shown.", longest=60, listed=True),
                long("reason", "Reason", "Why no notice is needed, if so."),
                unit("the notice"),
                owned("the notice"),
            ),
        ),
        Group(
            title="Kept true",
            fields=(
                day("shown_since", "Shown since", "The day this version went out.", listed=True),
                text("reader_test", "Reader test", "Who read it, and how many understood it."),
                day(
                    "compared_on", "Compared on", "The day it was last compared with what is really done.", listed=True
                ),
                *approved("the notice"),
                ended("the notice"),
            ),
        ),
    ),
    rule=_rule,
)
