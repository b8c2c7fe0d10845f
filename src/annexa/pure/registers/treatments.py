"""The risk treatment plan, step by step: ISO/IEC 27001 6.1.3 e and 8.3, ISO/IEC 42001 6.1.3 and 8.3."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, link, links, long, money
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, owned, reference, unit

EFFECTS: tuple[str, ...] = ("as planned", "partly", "none")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, TREATMENTS, "begun_on", "done_on")
    if entry.effect and entry.done_on is None:
        yield FieldProblem(field="effect", message="is judged although the step is not done")


TREATMENTS = Register(
    noun="treatment",
    plural="treatments",
    one="treatment step",
    title="Risk treatment plan",
    says="What is being done to bring risks down: each step with who does it, until when, and whether it worked.",
    asked_by=("ISO/IEC 27001 6.1.3", "ISO/IEC 27001 8.3", "ISO/IEC 42001 6.1.3", "ISO/IEC 42001 8.3"),
    place="inventory",
    groups=(
        Group(
            title="The step",
            fields=(
                name("What is done, in a few words.", label="Step"),
                reference("the step"),
                link("risk", "Risk", "The risk it brings down.", to="risk", facet=False, listed=True),
                long("description", "Description", "What it consists of, and with what means."),
                links("controls", "Controls", "The controls that it puts in place or mends.", to="control"),
                unit("the step"),
                owned("the step"),
                day("begun_on", "Begun on", "The day work on it began."),
                day("due_on", "Due on", "The day by which it is to be done.", listed=True),
                money("cost", "Cost", "What it costs."),
            ),
        ),
        Group(
            title="What came of it",
            help="A step that is done is judged by its effect, not by having been done.",
            fields=(
                day("done_on", "Done on", "The day it was finished.", listed=True),
                choice("effect", "Effect", "Whether it brought the risk down.", EFFECTS, facet=True, listed=True),
                long("effect_because", "Effect seen by", "The figures or tests it is judged by."),
                ended("the step"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
