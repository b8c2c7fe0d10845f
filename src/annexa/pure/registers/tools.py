"""AI tools, and what each may be used for: ISO/IEC 42001 A.9.2, A.9.4; ISO/IEC 27001 A.5.10, A.5.23."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, choices, day, link, long
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
from annexa.pure.registers.assets import CLASSIFICATIONS

EVERYDAY: tuple[str, ...] = (
    "writing and editing",
    "translation",
    "summarising and research",
    "searching own documents",
    "meeting notes",
    "mail and messages",
    "planning and travel",
    "pictures and sound",
    "publishing and social media",
    "data analysis",
    "writing code",
    "customer service",
    "help desk",
    "information security",
    "recognising things in pictures",
    "signing in to devices",
    "other",
)
"""What people ask AI for, without a law of its own."""
HIGH_RISK: tuple[str, ...] = (
    "choosing applicants",
    "assigning or rating staff",
    "credit scoring of people",
    "life and health insurance",
    "public benefits and services",
    "emergency calls",
    "admission and exams",
    "identifying people by their body",
    "critical infrastructure",
    "law enforcement",
    "migration and asylum",
    "justice and elections",
)
"""Purposes of Annex III of Regulation (EU) 2024/1689."""
PROHIBITED: tuple[str, ...] = (
    "manipulating people",
    "exploiting weakness",
    "intimate or abusive imagery",
    "social scoring",
    "predicting crime by profile",
    "collecting faces from the internet",
    "reading emotions at work or school",
    "sorting people by sensitive traits",
    "identifying people live in public places",
)
"""Practices of Art. 5(1) of Regulation (EU) 2024/1689."""
PURPOSES: tuple[str, ...] = (*EVERYDAY, *HIGH_RISK, *PROHIBITED)
PERSONAL: tuple[str, ...] = ("none", "personal data", "special categories")
"""How close data comes to people, the mildest first (GDPR Art. 4(1), Art. 9)."""
STATUSES: tuple[str, ...] = ("unassessed", "approved", "restricted", "forbidden")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, TOOLS, "assessed_on", "approved_until")
    if entry.status == "approved" and entry.approved_until is None:
        yield FieldProblem(field="approved_until", message="is missing; an approval has an end")
    if entry.status == "forbidden" and not entry.reason:
        yield FieldProblem(field="reason", message="is missing; people want to know why they may not use it")


TOOLS = Register(
    noun="tool",
    plural="tools",
    one="AI tool",
    title="AI tools",
    says="Which AI tools people here may use, for what, with which data, and on which conditions.",
    asked_by=("ISO/IEC 42001 A.9.2", "ISO/IEC 42001 A.9.4", "ISO/IEC 27001 A.5.10", "ISO/IEC 27001 A.5.23"),
    place="inventory",
    change="change_tools",
    open_to="ask_use",
    groups=(
        Group(
            title="What it is",
            fields=(
                name("What people call the tool."),
                reference("the tool"),
                long("description", "Description", "What it does, in a sentence for people who never heard of it."),
                link("supplier", "Supplier", "Who provides it.", to="supplier"),
                long("hosts", "Hosts", "Where it is reached, one host a line, such as ai.example.com."),
                unit("the tool"),
                owned("the tool; requests that policy cannot settle go there"),
                systems_of("The AI systems that it is, or is a part of."),
            ),
        ),
        Group(
            title="What it may be used for",
            help="ISO/IEC 42001 A.9.4: used as intended. Whoever asks within these limits has an answer at once.",
            fields=(
                choice(
                    "status", "Status", "What is decided about it; nobody decided as long as it is empty.", STATUSES,
                    facet=True, listed=True,
                ),
                choices("purposes", "Purposes", "What it may be used for.", PURPOSES),
                choice(
                    "data_up_to", "Data up to", "The most sensitive class of information it may receive.",
                    CLASSIFICATIONS, facet=True, listed=True,
                ),
                choice(
                    "personal_up_to", "Personal data up to", "Whether it may receive data about people.", PERSONAL,
                    facet=True,
                ),
                long("conditions", "Conditions", "What everybody who uses it has to keep to."),
                day("approved_until", "Approved until", "The day its approval ends.", listed=True),
            ),
        ),
        Group(
            title="Assessment",
            fields=(
                answer(
                    "trains_on_inputs", "Trains on inputs", "Whether what people type may train models.", facet=True
                ),
                day("assessed_on", "Assessed on", "The day it was last looked at."),
                long("reason", "Reason", "Why it is approved, restricted or forbidden."),
                ended("the tool"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
