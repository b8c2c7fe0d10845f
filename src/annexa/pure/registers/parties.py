"""Interested parties and their needs: clause 4.2 of ISO/IEC 27001, 42001 and 27701."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, long, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    controls_of,
    ended,
    management_systems,
    name,
    owned,
    reference,
    reviewed,
    systems_of,
    unit,
)

AFFECTED: tuple[str, ...] = ("data subjects", "people affected by AI", "workers affected by AI", "groups or society")
"""Those on whom AI systems bear, whether they deal with the organisation or not."""
OTHERS: tuple[str, ...] = (
    "customers",
    "employees",
    "owners and investors",
    "top management",
    "regulators",
    "suppliers",
    "partners",
    "insurers and banks",
    "certification bodies",
)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.taken_on == "yes" and not entry.how:
        yield FieldProblem(field="how", message="is missing although the need is taken on")


PARTIES = Register(
    noun="party",
    plural="parties",
    one="interested party",
    title="Interested parties",
    says="Who expects something of the management systems, what it is, and which of it became a requirement.",
    asked_by=("ISO/IEC 27001 4.2", "ISO/IEC 42001 4.2", "ISO/IEC 27701 4.2"),
    place="context",
    groups=(
        Group(
            title="Who it is",
            fields=(
                name("The group or body, such as customers with a feed-in contract.", label="Interested party"),
                reference("the party"),
                choice("kind", "Kind", "What sort of party it is.", (*AFFECTED, *OTHERS), required=True, facet=True,
                       listed=True),
                systems_of("For people affected: the AI systems that bear on them."),
                text("reached_by", "Reached by", "How it is heard and told: a meeting, a report, a hotline."),
            ),
        ),
        Group(
            title="What it needs",
            help="Clause 4.2 asks for the relevant needs, and which of them the management system takes on.",
            fields=(
                long("needs", "Needs", "What it needs or expects of security, AI or privacy."),
                choice(
                    "basis",
                    "Comes from",
                    "What makes it more than a wish.",
                    ("law", "contract", "standard", "promise of ours", "expectation"),
                    facet=True,
                    listed=True,
                ),
                answer("taken_on", "Requirement", "Whether the management system takes it on as a requirement.",
                       facet=True, listed=True),
                long("how", "How it is met", "What is done about it, or why it is not taken on."),
                controls_of("The controls that meet it."),
                management_systems("the need"),
                unit("the relation to the party"),
                owned("the relation to the party"),
                reviewed("this"),
                ended("the party"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
