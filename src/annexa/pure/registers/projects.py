"""Security, privacy and AI in projects, also outsourced: ISO/IEC 27001 A.5.8, A.8.25 to A.8.30; GDPR Art. 25."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, day, link, long, owner, text
from annexa.pure.register import Entry, Group, Register, ended, name, owned, reference, systems_of, unit


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.developed_by == "supplier" and not entry.supplier:
        yield FieldProblem(field="supplier", message="is missing although a supplier develops it")
    if entry.handed_over_on is not None and not entry.accepted_by:
        yield FieldProblem(field="accepted_by", message="is missing although it was handed over")


PROJECTS = Register(
    noun="project",
    plural="projects",
    one="project",
    title="Projects",
    says="What is built or bought, what security, privacy and AI ask of it, who took it over with which risks.",
    asked_by=("ISO/IEC 27001 A.5.8", "ISO/IEC 27001 A.8.25", "ISO/IEC 27001 A.8.30", "GDPR Art. 25"),
    place="operation",
    groups=(
        Group(
            title="The project",
            fields=(
                name("The project as people call it."),
                reference("the project"),
                choice(
                    "stage",
                    "Stage",
                    "Where it stands.",
                    ("idea", "design", "build", "test", "handed over", "stopped"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                choice(
                    "risk",
                    "Risk",
                    "How much can go wrong for security, privacy or people.",
                    ("low", "medium", "high"),
                    facet=True,
                    listed=True,
                ),
                systems_of("The AI systems it makes or changes."),
                unit("the project"),
                owned("the project"),
                owner("Who speaks for security.", name="security_contact", label="Security contact"),
                owner("Who speaks for privacy and AI.", name="privacy_contact", label="Privacy and AI contact"),
                ended("the project"),
            ),
        ),
        Group(
            title="What was looked at",
            fields=(
                text("requirements", "Requirements", "Where the requirements for security, privacy and AI are."),
                text("threat_model", "Threat model", "Its document and revision, or why none is needed."),
                day("design_reviewed_on", "Design reviewed on", "The day the design was reviewed.", listed=True),
                long("departures", "Departures", "Departures from principles, with their end; or: none."),
                long("privacy_check", "Privacy check", "What the privacy check changed, at idea, design and release."),
                long("open_points", "Open points", "What security, privacy and AI still wait for; or: none."),
            ),
        ),
        Group(
            title="Made by others",
            fields=(
                choice(
                    "developed_by", "Developed by", "Who develops it.", ("ourselves", "supplier", "bought"), facet=True
                ),
                link("supplier", "Supplier", "Who develops it, if not you.", to="supplier"),
                long("conditions", "Conditions", "Named people, rights, secure development, acceptance criteria."),
                answer("source_built", "Built from source", "Whether the delivery was built from source and scanned."),
            ),
        ),
        Group(
            title="Handover",
            fields=(
                day("handed_over_on", "Handed over on", "The day operation took it over.", listed=True),
                owner("Who took it over.", name="accepted_by", label="Accepted by"),
                long("risks_accepted", "Risks accepted", "What risks were taken over with it; or: none."),
            ),
        ),
    ),
    rule=_rule,
)
