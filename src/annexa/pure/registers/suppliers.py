"""Suppliers: ISO/IEC 27001 A.5.19 to A.5.23, ISO/IEC 42001 A.10.3, GDPR Art. 28, NIS 2 Art. 21(2)(d)."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, choices, day, long, money, owner, text, whole
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    ended,
    name,
    order_problem,
    owned,
    reference,
    systems_of,
    unit,
)

TIERS: tuple[str, ...] = ("critical", "important", "standard")
CLAUSES: tuple[str, ...] = (
    "data protection",
    "security requirements",
    "explainability",
    "audit right",
    "incident notice",
    "training use",
    "sub-processors",
    "change notice",
    "exit",
)
"""What a contract with a supplier of AI or of information services has to settle."""


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, SUPPLIERS, "contract_from", "contract_until")
    if missing := set(entry.clauses) & set(entry.clauses_not_needed):
        yield FieldProblem(field="clauses_not_needed", message=f"has {min(missing)}, which the contract contains")


SUPPLIERS = Register(
    noun="supplier",
    plural="suppliers",
    one="supplier",
    title="Suppliers",
    says="Who provides systems, models, data and services, how much hangs on them, and what was agreed with them.",
    asked_by=("ISO/IEC 27001 A.5.19", "ISO/IEC 27001 A.5.20", "ISO/IEC 42001 A.10.3", "GDPR Art. 28"),
    place="inventory",
    groups=(
        Group(
            title="Who it is",
            fields=(
                name("The company as it signs contracts."),
                reference("the supplier"),
                text(
                    "country",
                    "Country",
                    "Where it is established, as a country code such as DE.",
                    longest=2,
                    facet=True,
                ),
                long("provides", "Provides", "What you get from it."),
                unit("the supplier"),
                owned("the relation to the supplier"),
                owner("Whom to call there, best by e-mail address.", name="contact", label="Contact"),
            ),
        ),
        Group(
            title="How much hangs on it",
            help="The tier decides how often the supplier is looked at again.",
            fields=(
                choice(
                    "tier",
                    "Tier",
                    "Critical: without it a critical service stops. Important: it hurts within days.",
                    TIERS,
                    facet=True,
                    listed=True,
                ),
                choice(
                    "role",
                    "Role for personal data",
                    "What it is to you under the GDPR.",
                    ("none", "processor", "joint controller", "controller"),
                    facet=True,
                ),
                answer("provides_ai", "Provides AI", "Whether a system or model with AI comes from it.", facet=True),
                answer("trains_on_our_data", "Trains on our data", "Whether it may train models on what you send."),
                systems_of("The AI systems that depend on it."),
                long(
                    "sub_processors",
                    "Sub-processors",
                    "The companies it relies on for you, one a line: name, country code, task.",
                ),
                money("spend", "Spend a year", "What you pay it in a year."),
            ),
        ),
        Group(
            title="Due diligence",
            fields=(
                day("assessed_on", "Assessed on", "The day it was last looked at.", listed=True),
                choice(
                    "assessment",
                    "Assessment",
                    "What came out of it.",
                    ("adequate", "adequate with conditions", "not adequate"),
                    facet=True,
                    listed=True,
                ),
                long("conditions", "Conditions", "What it has to mend or keep to."),
                day("next_review_on", "Next review on", "The day it is due to be looked at again.", listed=True),
                choices(
                    "certificates",
                    "Certificates",
                    "What it shows.",
                    ("ISO 27001", "ISO 42001", "ISO 27701", "ISO 22301", "SOC 2 Type 2", "C5", "PCI DSS"),
                ),
                day("certificates_until", "Certificates until", "The day the first of them ends."),
            ),
        ),
        Group(
            title="Contract",
            help="ISO/IEC 27001 A.5.20 asks for security terms; GDPR Art. 28(3) for those of a processor.",
            fields=(
                text("contract", "Contract", "Its number or where it is kept."),
                day("contract_from", "Contract from", "The day it begins."),
                day("contract_until", "Contract until", "The day it ends unless it is renewed."),
                choices("clauses", "Clauses", "What it contains.", CLAUSES),
                choices(
                    "clauses_not_needed", "Clauses not needed", "What it need not contain for this supplier.", CLAUSES
                ),
                whole(
                    "notice_hours",
                    "Incident notice, hours",
                    "Within how many hours after it learnt of an incident it has to tell you.",
                    least=1,
                    most=8760,
                ),
                long("exit_plan", "Exit plan", "How you would leave it and where to."),
                ended("the supplier"),
            ),
        ),
    ),
    rule=_rule,
)
