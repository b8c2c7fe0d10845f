"""Reports, complaints and contests: ISO/IEC 42001 A.3.3 and A.8.3, EU AI Act Art. 86, GDPR Art. 22(3), 27001 A.8.8."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, choices, day, long, owner
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, owned, reference, systems_of, unit

ABOUT: tuple[str, ...] = (
    "adverse impact of AI",
    "decision contested",
    "explanation asked",
    "rights in training data",
    "vulnerability",
    "staff concern",
)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, CONCERNS, "received_on", "answered_on")
    if entry.outcome and not entry.reason:
        yield FieldProblem(field="reason", message="is missing although there is an outcome")


CONCERNS = Register(
    noun="concern",
    plural="concerns",
    one="concern",
    title="Concerns and contests",
    says="What people report, contest and ask about AI and security, how fast they were answered, and what came of it.",
    asked_by=("ISO/IEC 42001 A.3.3", "ISO/IEC 42001 A.8.3", "EU AI Act Art. 86", "GDPR Art. 22(3)"),
    place="operation",
    groups=(
        Group(
            title="What was said",
            help="A channel that nobody used is told from one that nobody keeps by a line for the quarter: choose none "
            "received, say what it is about, and name the AI systems it is for.",
            fields=(
                name("In a few words, without names.", label="Concern"),
                reference("the concern"),
                choice(
                    "kind",
                    "Kind",
                    "Whether something came, or nothing in the quarter.",
                    ("received", "none received"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                choices("about", "About", "What it is about.", ABOUT),
                systems_of("The AI systems it is about."),
                choice(
                    "came_from",
                    "Came from",
                    "Who said it.",
                    ("person affected", "customer", "staff", "rights holder", "researcher", "authority", "anonymous"),
                    facet=True,
                ),
                day(
                    "received_on",
                    "Received on",
                    "The day it came, or the last day of the quarter.",
                    listed=True,
                ),
                long("said", "What was said", "In their words, shortened."),
                unit("the concern"),
                owned("the answer"),
            ),
        ),
        Group(
            title="What was done",
            fields=(
                owner(
                    "Who judged it: a person, not the AI system, and not who decided first.",
                    name="judged_by",
                    label="Judged by",
                ),
                day("answered_on", "Answered on", "The day the answer went out.", listed=True),
                choice(
                    "outcome",
                    "Outcome",
                    "What came of it.",
                    ("upheld", "partly upheld", "not upheld", "passed on"),
                    facet=True,
                    listed=True,
                ),
                long("reason", "Reason", "What the answer said."),
                long("mended", "Mended", "What was changed because of it."),
                ended("the concern"),
            ),
        ),
    ),
    rule=_rule,
)
