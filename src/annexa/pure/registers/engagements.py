"""People who come, move and go: ISO/IEC 27001 A.6.1, A.6.2, A.6.5, A.6.6, A.5.11 and A.5.18."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, day, text
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, owned, reference, unit


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, ENGAGEMENTS, "began_on", "left_on")
    if entry.screening == "exception" and not entry.screening_because:
        yield FieldProblem(field="screening_because", message="is missing although it was an exception")


ENGAGEMENTS = Register(
    noun="engagement",
    plural="engagements",
    one="engagement",
    title="Starters and leavers",
    says="Whoever starts, moves or leaves: screened, bound by terms and secrecy, access and assets returned.",
    asked_by=("ISO/IEC 27001 A.6.1", "ISO/IEC 27001 A.6.2", "ISO/IEC 27001 A.6.5", "ISO/IEC 27001 A.6.6"),
    place="operation",
    groups=(
        Group(
            title="Who",
            help="Write a number rather than a name where you can; of a screening its result, not its content.",
            fields=(
                name("A number or name, or the company."),
                reference("the engagement"),
                choice(
                    "kind",
                    "Kind",
                    "What binds them.",
                    ("employee", "contractor", "temporary worker", "company"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                text("role", "Role", "What they do here."),
                unit("them"),
                owned("them here"),
                day("began_on", "Began on", "The day they began or changed their role.", listed=True),
            ),
        ),
        Group(
            title="Before they begin",
            fields=(
                choice(
                    "screening",
                    "Screening",
                    "What came out of the screening for the role.",
                    ("passed", "exception", "not passed", "not needed"),
                    facet=True,
                    listed=True,
                ),
                text("screening_because", "Why an exception", "Who allowed it, and what is done instead."),
                day("terms_on", "Terms signed on", "The day they accepted terms with duties for security and AI."),
                day("secrecy_on", "Secrecy signed on", "The day of the confidentiality undertaking."),
                text("secrecy_version", "Version of the undertaking", "Which text they signed.", longest=60),
                day("secrecy_until", "Secrecy until", "The day it ends, if it ends."),
            ),
        ),
        Group(
            title="When they leave or move",
            fields=(
                day("left_on", "Left on", "Their last day in this role.", listed=True),
                day("access_removed_on", "Access removed on", "The day the last access ended."),
                answer("assets_returned", "Assets returned", "Whether everything was given back."),
                ended("the engagement"),
            ),
        ),
    ),
    rule=_rule,
)
