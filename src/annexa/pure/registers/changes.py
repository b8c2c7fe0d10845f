"""Planned changes: ISO/IEC 27001 6.3, 8.1 and A.8.32; ISO/IEC 42001 6.3, 8.1, A.6.2.4 and A.6.2.5."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, day, long, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    approval_problem,
    approved,
    controls_of,
    ended,
    name,
    owned,
    reference,
    systems_of,
    unit,
)

OF_SYSTEMS = "AI system"


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from approval_problem(entry)
    if entry.approved_on is None:
        return
    if not entry.consequences:
        yield FieldProblem(field="consequences", message="is missing although the change is approved")
    if entry.high_risk == "yes" and not entry.risk_assessment:
        yield FieldProblem(field="risk_assessment", message="is missing although a high-risk change is approved")
    if entry.high_risk == "yes" and entry.kind == OF_SYSTEMS and not entry.impact_assessment:
        yield FieldProblem(field="impact_assessment", message="is missing although a high-risk change is approved")


CHANGES = Register(
    noun="change",
    plural="changes",
    one="change plan",
    title="Change plans",
    says="What is to change, why, what it may lead to, who approved it, how it was tested, and how it went.",
    asked_by=("ISO/IEC 27001 6.3", "ISO/IEC 27001 A.8.32", "ISO/IEC 42001 6.3", "ISO/IEC 42001 8.1"),
    place="context",
    groups=(
        Group(
            title="What changes",
            fields=(
                name("The change in a few words.", label="Change"),
                reference("the change"),
                choice(
                    "kind",
                    "Kind",
                    "What is changed.",
                    ("management system", OF_SYSTEMS, "IT system", "organisation", "supplier", "site"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                long("why", "What and why", "What is changed, and what for (6.3)."),
                systems_of("The AI systems that change or are put into use."),
                controls_of("The controls that change or are at risk while it runs."),
                unit("the change"),
                owned("the change"),
                day("planned_on", "Planned for", "The day it is to be done.", listed=True),
            ),
        ),
        Group(
            title="What it may lead to",
            help="A new AI system, or one that changes in substance, is a high-risk change: it asks for a risk and an "
            "impact assessment before anybody approves it.",
            fields=(
                answer(
                    "high_risk",
                    "High risk",
                    "Whether it puts an AI system into use or changes it in substance, or can stop a critical service.",
                    facet=True,
                    listed=True,
                ),
                long("consequences", "Consequences", "What it may break, whom it concerns, and what it needs."),
                text("risk_assessment", "Risk assessment", "Its name or number."),
                text("impact_assessment", "Impact assessment", "Its name or number, for AI systems (42001 6.1.4)."),
            ),
        ),
        Group(
            title="For an AI system",
            help="ISO/IEC 42001 A.6.2.5; who modifies a system in substance becomes its provider (AI Act Art. 25).",
            fields=(
                text("version", "Version", "The version that is put into use.", longest=100),
                text(
                    "manifest",
                    "Manifest",
                    "Where the list of model, prompts, data, code and configuration is, with its digest.",
                ),
                answer("substantial", "Substantial", "Whether it is a substantial modification or changes your role."),
                long("substantial_because", "Why so", "The reason for that answer."),
            ),
        ),
        Group(
            title="Decision and outcome",
            fields=(
                *approved("the change"),
                long("tested", "Tested", "What was tried beforehand, and the result."),
                long("rollback", "Way back", "How it is undone, and who decides that."),
                day("done_on", "Done on", "The day it was done.", listed=True),
                choice(
                    "outcome",
                    "Outcome",
                    "How it went.",
                    ("as planned", "with problems", "rolled back", "given up"),
                    facet=True,
                ),
                ended("the change"),
            ),
        ),
    ),
    rule=_rule,
)
