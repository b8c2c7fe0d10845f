"""Scopes of the management systems for security, AI and privacy: clause 4.3 of ISO/IEC 27001, 42001 and 27701."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, choices, day, long, text
from annexa.pure.register import (
    SYSTEM_PARTS,
    Entry,
    Group,
    Register,
    approval_problem,
    approved,
    ended,
    name,
    order_problem,
    owned,
    reference,
    reviewed,
    systems_of,
    unit,
)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from approval_problem(entry)
    yield from order_problem(entry, SCOPES, "certified_from", "certified_until")
    if entry.excluded and not entry.exclusion_reason:
        yield FieldProblem(field="exclusion_reason", message="is missing although something is left out")
    if entry.certificate and not entry.certificate_scope:
        yield FieldProblem(field="certificate_scope", message="is missing although there is a certificate")


SCOPES = Register(
    noun="scope",
    plural="scopes",
    one="scope",
    title="Scopes",
    says="What each management system covers, where it ends, what it leaves out and why, and what a certificate says.",
    asked_by=("ISO/IEC 27001 4.3", "ISO/IEC 42001 4.3", "ISO/IEC 27701 4.3"),
    place="context",
    groups=(
        Group(
            title="The scope",
            help="Clause 4.3 asks to weigh the issues (4.1), the needs of parties (4.2), interfaces and dependencies.",
            fields=(
                name("A short name, such as ISMS of the grid business.", label="Scope"),
                reference("the scope"),
                choice("part", "Management system", "Information security (isms), AI (aims) or privacy (pims).",
                       SYSTEM_PARTS, required=True, facet=True, listed=True),
                long("boundaries", "Boundaries", "What the organisation does within it, in words for outsiders."),
                text("covers", "Parts of the organisation", "Units and companies that are within."),
                text("locations", "Locations", "Sites and regions that are within."),
                choices("roles", "Roles towards AI", "For the AIMS: what the organisation is towards its AI systems.",
                        ("provider", "developer", "deployer", "user", "supplier", "processor")),
                systems_of("The AI systems within; empty: all of these units."),
                long("interfaces", "Interfaces and dependencies", "What crosses the border, and who answers there."),
                long("excluded", "Left out", "What one might expect within and is not."),
                long("exclusion_reason", "Why it is left out", "Why that takes nothing from security, AI or privacy."),
            ),
        ),
        Group(
            title="Approval",
            fields=(
                text("version", "Version", "The version of the scope statement.", longest=40),
                unit("the scope"),
                owned("the scope"),
                *approved("the scope statement"),
                reviewed("the scope"),
                ended("the scope"),
            ),
        ),
        Group(
            title="Certificate",
            help="A certificate that says more or less than the scope statement is a finding.",
            fields=(
                text("certificate", "Certificate", "Its number.", longest=100),
                text("certifier", "Certification body", "Who issued it."),
                long("certificate_scope", "Scope on the certificate", "The scope in the words of the certificate."),
                day("certified_from", "Certified from", "The day it begins."),
                day("certified_until", "Certified until", "The last day it counts.", listed=True),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
