"""What is measured, how, by whom and when: clause 9.1 of ISO/IEC 27001, 42001 and 27701."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, long, number, owner, text
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
    systems_of,
    unit,
)
from annexa.pure.registers.objectives import FREQUENCIES


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.value is not None and entry.valued_on is None:
        yield FieldProblem(field="valued_on", message="is missing although there is a value")
    if entry.threshold is not None and not entry.direction:
        yield FieldProblem(field="direction", message="is missing although there is a threshold")


INDICATORS = Register(
    noun="indicator",
    plural="indicators",
    one="indicator",
    title="Indicators",
    says="What is measured of security, AI and privacy: by which method, how often, who measures, and who judges.",
    asked_by=("ISO/IEC 27001 9.1", "ISO/IEC 42001 9.1", "ISO/IEC 27701 9.1"),
    place="context",
    groups=(
        Group(
            title="What is measured",
            fields=(
                name("What is measured, in a few words.", label="Indicator"),
                reference("the indicator"),
                long("method", "Method", "What is counted out of what, from which source, so that results compare."),
                text("measured_in", "Unit of measure", "Such as %, hours or cases.", longest=40),
                choice(
                    "direction",
                    "Good is",
                    "Whether the value is to be at least or at most the threshold.",
                    ("at least", "at most"),
                ),
                number("threshold", "Threshold", "The value at which somebody has to act.", least=-1e12, listed=True),
                choice("frequency", "How often", "How often it is measured.", FREQUENCIES, facet=True, listed=True),
                owned("the measurement"),
                owner("Who judges the result.", name="judged_by", label="Judged by"),
                controls_of("The controls it watches."),
                systems_of("The AI systems it watches."),
                management_systems("the indicator"),
                unit("the indicator"),
            ),
        ),
        Group(
            title="The last result",
            fields=(
                number("value", "Value", "The last value.", least=-1e12, listed=True),
                day("valued_on", "Measured on", "The day of that value.", listed=True),
                long("judgement", "Judgement", "What the result means, and what is done about it."),
                ended("the indicator"),
            ),
        ),
    ),
    rule=_rule,
)
