"""Evaluations of AI systems: ISO/IEC 42001 A.6.2.4 and A.6.2.6, EU AI Act Art. 9(8), 10(2)(f), 14 and 15."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, day, long, number, owner, text
from annexa.pure.register import Entry, Group, Register, ended, name, owned, reference, systems_of, unit

KINDS: tuple[str, ...] = (
    "validation",
    "accuracy and robustness",
    "security against AI attacks",
    "red teaming",
    "guardrails",
    "retrieval",
    "bias",
    "fairness",
    "labels",
    "explanations",
    "trustworthiness",
    "disclosure and labelling",
    "machine-readable marks",
    "accessibility",
    "override and stop",
    "stop of agents",
    "fallback and rollback",
    "rebuild of a version",
    "attention of overseers",
    "powers over the system",
    "serious incident drill",
    "threat model tests",
    "energy and computing",
    "market experience",
    "periodic review",
)
HELD: tuple[str, ...] = ("passed", "passed with conditions")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.outcome and entry.done_on is None:
        yield FieldProblem(field="done_on", message="is missing although there is an outcome")
    if entry.outcome in ("passed with conditions", "failed", "not needed") and not entry.reason:
        yield FieldProblem(field="reason", message=f"is missing although the outcome is {entry.outcome}")
    if entry.value is None or entry.threshold is None:
        return
    if not entry.direction:
        yield FieldProblem(field="direction", message="is missing although there are a value and a pass mark")
    short = entry.value < entry.threshold if entry.direction == "at least" else entry.value > entry.threshold
    if entry.direction and short and entry.outcome == "passed":
        yield FieldProblem(field="outcome", message="is passed, but the value misses the pass mark")


EVALUATIONS = Register(
    noun="evaluation",
    plural="evaluations",
    one="evaluation",
    title="Evaluations",
    says="What of the AI systems was tested and measured: against which pass mark, with which result, by whom.",
    asked_by=("ISO/IEC 42001 A.6.2.4", "ISO/IEC 42001 A.6.2.6", "EU AI Act Art. 15", "NIST AI RMF MEASURE 2"),
    place="operation",
    groups=(
        Group(
            title="What is evaluated",
            fields=(
                name("What it is, such as accuracy on the 2026 test set.", label="Evaluation"),
                reference("the evaluation"),
                choice(
                    "kind", "Kind", "What is asked of the AI system.", KINDS, required=True, facet=True, listed=True
                ),
                systems_of("The AI systems that were evaluated."),
                text("version", "Version", "The version that was evaluated.", longest=100),
                long("method", "Method", "Data, sample and steps, so that somebody else could repeat it."),
                text("measure", "Measure", "What is measured, fixed before the figures were known."),
                choice(
                    "direction",
                    "Good is",
                    "Whether the value is to be at least or at most the pass mark.",
                    ("at least", "at most"),
                ),
                number("threshold", "Pass mark", "The value that decides.", least=-1e12),
                unit("the evaluation"),
                owned("the evaluation"),
            ),
        ),
        Group(
            title="The result",
            fields=(
                day("done_on", "Done on", "The day of the result.", listed=True),
                owner("Who evaluated it.", name="done_by", label="Done by"),
                answer("independent", "Independent", "Whether they did not develop the AI system."),
                number("value", "Value", "The value that came out.", least=-1e12, listed=True),
                long("groups", "By group", "Results by group of people or of cases, with their number."),
                choice(
                    "outcome",
                    "Outcome",
                    "Not needed: this kind does not concern the AI system; say why.",
                    (*HELD, "failed", "not needed"),
                    facet=True,
                    listed=True,
                ),
                long("reason", "Reason and limits", "Conditions, limits, what is left unmeasured, or why not needed."),
                text("report", "Report", "Where the report is."),
                ended("the evaluation"),
            ),
        ),
    ),
    rule=_rule,
)
