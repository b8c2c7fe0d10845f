"""What is done again and again, and what came of it last: clauses 8.1 and 9.1; 27001 A.5.29, A.5.35, A.5.36, A.8.13.

Tests, exercises, reviews and reports are one register, because planning, interval and outcome are the same for all; the
expectations of controls that one of them answers are named in it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from annexa.pure.fields import FieldProblem, answer, choice, day, links, long, owner, text
from annexa.pure.register import Entry, Group, Register, ended, name, owned, reference, systems_of, unit
from annexa.pure.registers.documents import EXPECTATION

INTERVALS: Mapping[str, int] = MappingProxyType(
    {
        "weekly": 10,
        "monthly": 40,
        "quarterly": 100,
        "every half-year": 190,
        "yearly": 380,
        "every two years": 750,
        "every three years": 1110,
    }
)
"""How many days the last time counts, by how often it is to be done; some days are given for holidays."""
PASSED: tuple[str, ...] = ("passed", "passed with findings")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.result and entry.done_on is None:
        yield FieldProblem(field="done_on", message="is missing although there is a result")
    if entry.result in ("passed with findings", "failed") and not entry.findings:
        yield FieldProblem(field="findings", message=f"is missing although it {entry.result}")


ROUTINES = Register(
    noun="routine",
    plural="routines",
    one="routine",
    title="Tests and routines",
    says="The calendar of what is tested, exercised, reviewed and reported again and again, and what came of it last.",
    asked_by=("ISO/IEC 27001 8.1", "ISO/IEC 27001 9.1", "ISO/IEC 27001 A.8.13", "ISO/IEC 42001 8.1"),
    place="operation",
    groups=(
        Group(
            title="What is done",
            fields=(
                name("What is done, such as restore test of the billing database.", label="Routine"),
                reference("the routine"),
                choice(
                    "kind",
                    "Kind",
                    "What it is.",
                    ("test", "exercise", "review", "check", "report"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                choice(
                    "frequency",
                    "How often",
                    "How often it is done; after that the last time no longer counts.",
                    tuple(INTERVALS),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                long("method", "How it is done", "The scope, the steps and the sample, so that somebody else could."),
                text("target", "Target", "What has to come out: a time, a rate, no finding above medium."),
                links("serves", "Serves", "The expectations of controls that it answers.", to=EXPECTATION),
                links("assets", "Assets", "What it is about.", to="asset"),
                systems_of("The AI systems that it is about."),
                unit("the routine"),
                owned("the routine"),
                ended("the routine"),
            ),
        ),
        Group(
            title="The last time",
            help="Earlier times are in the history of the record.",
            fields=(
                day("done_on", "Done on", "The day it was last done.", listed=True),
                owner("Who did it.", name="done_by", label="Done by"),
                answer("independent", "Independent", "Whether they answer for none of what was looked at."),
                choice("result", "Result", "What came out.", (*PASSED, "failed"), facet=True, listed=True),
                text("measured", "Measured", "The figures: minutes, objects, shares."),
                long("findings", "Findings", "What was found, and what has to be mended."),
                long("actions", "Actions", "Who mends what, and until when."),
                text("report", "Report", "Where the report is."),
            ),
        ),
    ),
    rule=_rule,
)
