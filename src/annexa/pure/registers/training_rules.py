"""Who has to take which training: ISO/IEC 27001 7.2, 7.3, A.6.3; ISO/IEC 42001 7.2, 7.3; AI Act Art. 4.

A rule says for whom it is; whom it reaches, by when, and who has it in date is computed (annexa.pure.assignments).
"""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choices, day, link, links, long, text, whole
from annexa.pure.register import Entry, Group, Register, ended, name, owned, reference, unit
from annexa.pure.registers.documents import EXPECTATION
from annexa.pure.systems import CLASSES

COURSE = "course"
"""What a rule and a completion may lead to: a course of the library."""
EVERYONE = "everyone"
AUDIENCES: tuple[str, ...] = (EVERYONE, "administrator", "lead", "owner", "auditor", "member")
"""Everybody who works here, or those of a role. Who comes from outside is never meant."""
DEALINGS: tuple[str, ...] = ("own", "operate", "oversee", "approve")
"""What people have to do with an AI system."""
DUE_DAYS = 30
"""Within how many days it is due where a rule does not say."""


def lines_of(said: str) -> tuple[str, ...]:
    """What a text names, one a line, in small letters, each once."""
    return tuple(dict.fromkeys(found for line in said.splitlines() if (found := " ".join(line.casefold().split()))))


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.classes and not entry.dealing:
        yield FieldProblem(field="dealing", message="is missing although there are risk classes to narrow it")
    if entry.course and entry.qualification:
        yield FieldProblem(field="qualification", message="is one too many: the rule asks for a course already")
    for one in lines_of(entry.people):
        if one.count("@") != 1 or one.strip("@") != one or " " in one:
            yield FieldProblem(field="people", message=f"has {one}, which is no e-mail address")


TRAINING_RULES = Register(
    noun="training_rule",
    plural="training-rules",
    one="training rule",
    title="Training rules",
    says="Which training whom has to take, within how many days, how long it holds, and why.",
    asked_by=(
        "EU AI Act Art. 4", "ISO/IEC 27001 7.2", "ISO/IEC 27001 7.3", "ISO/IEC 27001 A.6.3", "ISO/IEC 42001 7.2",
        "ISO/IEC 42001 7.3",
    ),
    place="operation",
    groups=(
        Group(
            title="What is asked",
            help="A course of the library, or a qualification from elsewhere, such as a certificate.",
            fields=(
                name("What people learn or show, such as AI literacy of owners.", label="Training"),
                reference("the rule"),
                link("course", "Course", "The course of the library that is taken here.", to=COURSE, listed=True),
                text("qualification", "Qualification", "What is shown instead, by its title; empty: as named above."),
                answer(
                    "literacy", "AI literacy", "Whether it gives the AI literacy that Art. 4 of the AI Act asks for.",
                    facet=True, listed=True,
                ),
                long("reason", "Reason", "Why it is asked, with clause or risk."),
                links("serves", "Serves", "The expectations of controls that it answers.", to=EXPECTATION),
                unit("the rule"),
                owned("the rule"),
                ended("the rule"),
            ),
        ),
        Group(
            title="Who takes it",
            help="Whoever fits one of these lines. A unit has those with a role or an office in it or below it.",
            fields=(
                choices("roles", "Roles", "Everyone who works here, or those of a role.", AUDIENCES),
                long("offices", "Offices", "Who holds an office, by its id, such as incident-manager; one a line."),
                long("committees", "Committees", "Who sits in a committee, by its name; one a line."),
                long("units", "Units", "Who belongs to a unit, by its name; one a line."),
                long("people", "People", "Single people by e-mail address, one a line."),
                choices(
                    "dealing", "AI systems", "Who has this to do with an AI system in use: owns it, answers for a"
                    " control or has a role there (operate), for its oversight (oversee), or approved about it.",
                    DEALINGS,
                ),
                choices("classes", "Risk classes", "Only for AI systems of these classes; empty: all.", CLASSES),
            ),
        ),
        Group(
            title="When",
            fields=(
                day("from_on", "From", "Nobody's time begins before this day; empty: the day the rule is recorded."),
                whole(
                    "within_days", "Within days", f"Days from joining or from becoming so; {DUE_DAYS} if empty.",
                    most=3650, listed=True,
                ),
                whole(
                    "valid_months", "Valid for months", "After that it is taken again; empty: as long as the course"
                    " says, or for good.", least=1, most=240, listed=True,
                ),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
