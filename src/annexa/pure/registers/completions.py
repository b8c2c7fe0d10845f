"""Who has completed which training: ISO/IEC 27001 7.2 d), ISO/IEC 42001 7.2, AI Act Art. 4.

What is answered here is written by `annexa.actions.training`, for oneself only; forms and files bring in the rest.
"""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, link, owner, text, whole
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, reference, unit
from annexa.pure.registers.training_rules import COURSE

HERE = "here"
HOWS: tuple[str, ...] = (HERE, "external", "certificate")
"""How it was completed: by answering the questions here, by a course elsewhere, by a certificate or assessment."""
MADE_HERE: tuple[str, ...] = ("course_version", "course_sha256")
"""What only answering here fills in."""


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, COMPLETIONS, "completed_on", "valid_until")
    if entry.how and entry.completed_on is None:
        yield FieldProblem(field="completed_on", message="is missing although it says how it was completed")
    if (entry.how == HERE) != bool(entry.course_sha256):
        yield FieldProblem(field="how", message="is here only where the person answered the questions here")


def _fixed(before: Entry | None) -> frozenset[str]:
    """What was answered here is not changed afterwards; it can only be ended."""
    if before is not None and before.how == HERE:
        return frozenset(COMPLETIONS.field) - {"ended_on", "reference", "unit"}
    return frozenset(MADE_HERE)


COMPLETIONS = Register(
    noun="completion",
    plural="completions",
    one="completion",
    title="Completed training",
    says="Who completed which training when and with what result, here or elsewhere, and until when it holds.",
    asked_by=("EU AI Act Art. 4", "ISO/IEC 27001 7.2", "ISO/IEC 27001 A.6.3", "ISO/IEC 42001 7.2"),
    place="operation",
    fixed=_fixed,
    seen_by={"person": "take_course"},
    groups=(
        Group(
            title="What was completed",
            fields=(
                name("The course, certificate or assessment, by its title.", label="Training"),
                owner(
                    "Who completed it, by e-mail address.", name="person", label="Person", required=True, listed=True,
                    headings=("e mail", "email", "email address", "learner", "user", "employee", "participant"),
                ),
                reference("the completion"),
                link(
                    "course", "Course", "The course of the library that it counts as.", to=COURSE, listed=True,
                    headings=("counts as",),
                ),
                day(
                    "completed_on", "Completed on", "The day it was completed.", listed=True,
                    headings=("completion date", "completed", "date completed", "finished"),
                ),
                whole("score", "Score", "The result in per cent.", most=100, headings=("result", "grade", "mark")),
                day(
                    "valid_until", "Valid until", "The last day on which it holds, where it says so itself.",
                    listed=True, headings=("expiry date", "expires", "expiration date"),
                ),
                choice("how", "How", "Answered here, a course elsewhere, or a certificate.", HOWS, facet=True,
                       listed=True),
                text("provider", "Provider", "Who taught or certified it.", facet=True),
                text("evidence", "Evidence", "Where the certificate or the record of attendance is."),
                unit("the person"),
                ended("the completion"),
            ),
        ),
        Group(
            title="Answered here",
            help="Filled in by answering; never typed.",
            fields=(
                text("course_version", "Course version", "The version of the course that was answered.", longest=40),
                text("course_sha256", "Course digest", "SHA-256 of the course as it was then.", longest=64),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
