"""Uses of AI that somebody asked for, and what was answered: ISO/IEC 42001 A.9.2, A.9.3; AI Act Art. 5 and 26."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, choices, day, link, long, owner, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    ended,
    name,
    order_problem,
    reference,
    systems_of,
    unit,
)
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.tools import PERSONAL, PURPOSES
from annexa.pure.systems import PEOPLE

OUTCOMES: tuple[str, ...] = ("approved", "approved with conditions", "with owner", "refused")
"""What a request comes to, the mildest first."""
APPROVED: tuple[str, ...] = OUTCOMES[:2]
SETTLED: tuple[str, ...] = (*APPROVED, "refused")
RESULTS: tuple[str, ...] = (
    "own draft or idea",
    "passed on after a person checked it",
    "passed on without a check",
    "decides about people",
)
"""What happens with what the tool gives."""
ASKED: tuple[str, ...] = (
    "tool", "tool_named", "purpose", "task", "data_class", "personal_data", "people", "result", "asked_by", "asked_on",
)  # fmt: skip
"""What is assessed; once it was answered, a change is a new request."""
ANSWERED: tuple[str, ...] = (
    "assessment", "reasons", "decision", "reason", "conditions", "decided_by", "decided_on", "review_on",
    "reviewed_on",
)  # fmt: skip
"""What answers a request; never typed into a form."""


def same_person(one: str, other: str) -> bool:
    """Whether two fields name one person."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, USES, "asked_on", "decided_on")
    yield from order_problem(entry, USES, "decided_on", "review_on")
    if same_person(entry.asked_by, entry.decided_by):
        yield FieldProblem(field="decided_by", message="is who asked; somebody else decides")
    if entry.decision == "approved with conditions" and not entry.conditions:
        yield FieldProblem(field="conditions", message="is missing although the use is approved with conditions")
    if entry.decision == "refused" and not entry.reason:
        yield FieldProblem(field="reason", message="is missing although the use is refused")


def _fixed(before: Entry | None) -> frozenset[str]:
    return frozenset(ANSWERED if before is None or not before.decision else (*ANSWERED, *ASKED))


USES = Register(
    noun="use",
    plural="uses",
    one="use of AI",
    title="Uses of AI",
    says="What people here use AI for or asked to, what was answered, on which conditions and until when.",
    asked_by=("ISO/IEC 42001 A.9.2", "ISO/IEC 42001 A.9.3", "EU AI Act Art. 5", "EU AI Act Art. 26"),
    place="operation",
    change="change_uses",
    seen_by={"asked_by": "ask_use"},
    fixed=_fixed,
    groups=(
        Group(
            title="What is asked",
            fields=(
                name("What the tool is to do, in a few words.", label="Use"),
                reference("the use"),
                link("tool", "Tool", "The AI tool, if it is one of the catalogue.", to="tool", listed=True),
                text("tool_named", "Tool by name", "The tool, if it is not in the catalogue."),
                choice(
                    "purpose", "Purpose", "The kind of work; some kinds are bound or forbidden by law.", PURPOSES,
                    facet=True, listed=True,
                ),
                long("task", "Task", "What exactly is done with it, and by whom."),
                choice(
                    "data_class", "Data", "The most sensitive class of information that goes in.", CLASSIFICATIONS,
                    facet=True,
                ),
                choice(
                    "personal_data", "Personal data", "Whether data about people goes in (GDPR Art. 4, Art. 9).",
                    PERSONAL, facet=True,
                ),
                choices("people", "People affected", "Whom the result bears on.", PEOPLE),
                choice("result", "Result", "What happens with what the tool gives.", RESULTS, facet=True),
                unit("the use"),
                owner("Who asks, best by e-mail address.", name="asked_by", label="Asked by", listed=True),
                day("asked_on", "Asked on", "The day of the request."),
            ),
        ),
        Group(
            title="Answer",
            help="Given by policy or by a second person, never by who asks.",
            fields=(
                choice("assessment", "Assessment", "What policy said.", OUTCOMES, facet=True),
                long("reasons", "Reasons", "Each rule that spoke, one a line."),
                choice("decision", "Decision", "What was decided.", OUTCOMES, facet=True, listed=True),
                long("reason", "Reason", "Why it was decided so."),
                long("conditions", "Conditions", "What whoever uses it has to keep to."),
                owner("Who decided: a person, or policy.", name="decided_by", label="Decided by"),
                day("decided_on", "Decided on", "The day of the decision."),
                day("review_on", "Review on", "The day on which an approval ends unless it is renewed.", listed=True),
                day("reviewed_on", "Reviewed on", "The day it was last renewed."),
            ),
        ),
        Group(
            title="In use",
            fields=(
                answer("in_use", "In use", "Whether people use it so today.", facet=True),
                text("users", "Users", "How many people or licences, as a number or a range.", longest=60),
                owner("The person who answers for the use and says whether its benefit came about."),
                long("benefit", "Benefit", "What it is to bring, and what it brought."),
                systems_of("The AI system it is governed as; a high-risk purpose needs one."),
                ended("the use"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
