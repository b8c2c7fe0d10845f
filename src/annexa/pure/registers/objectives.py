"""Objectives and plans to reach them: clause 6.2 of ISO/IEC 27001, 42001 and 27701; ISO/IEC 42001 A.6.1.2, A.9.3."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, long, number, text
from annexa.pure.kpis import KPIS, OF_FRAMEWORK
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    controls_of,
    ended,
    management_systems,
    name,
    order_problem,
    owned,
    reference,
    unit,
)

FREQUENCIES: tuple[str, ...] = ("monthly", "quarterly", "every half-year", "yearly")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, OBJECTIVES, "set_on", "due_on")
    if entry.value is not None and entry.valued_on is None:
        yield FieldProblem(field="valued_on", message="is missing although there is a value")
    if entry.kpi == OF_FRAMEWORK and not entry.kpi_of:
        yield FieldProblem(field="kpi_of", message="is missing; name the framework, such as iso27001-2022")
    if entry.target is not None and not entry.direction:
        yield FieldProblem(field="direction", message="is missing although there is a target")


OBJECTIVES = Register(
    noun="objective",
    plural="objectives",
    one="objective",
    title="Objectives",
    says="What security, AI governance and privacy are to reach, by when, who sees to it, and how far it is.",
    asked_by=("ISO/IEC 27001 6.2", "ISO/IEC 42001 6.2", "ISO/IEC 27701 6.2", "ISO/IEC 42001 A.6.1.2"),
    place="context",
    groups=(
        Group(
            title="The objective",
            fields=(
                name("What is to be reached, in a few words.", label="Objective"),
                reference("the objective"),
                long("statement", "In full", "What is to be reached, and which policy or risk it comes from."),
                management_systems("the objective"),
                unit("the objective"),
                owned("the objective"),
                day("set_on", "Set on", "The day it was decided."),
                day("due_on", "Due on", "The day it is to be reached.", listed=True),
                ended("the objective"),
            ),
        ),
        Group(
            title="How it is measured",
            help="Clause 6.2 asks for objectives that can be measured, if practicable, and are watched.",
            fields=(
                text("measure", "Measure", "What is counted or measured, and out of what."),
                choice("kpi", "Computed as", "A figure that Annexa works out itself; empty: you enter the value.",
                       tuple(KPIS), facet=True, listed=True),
                text("kpi_of", "Framework", "For requirements met: the framework, such as iso42001-2023.", longest=60),
                text("measured_in", "Unit of measure", "Such as %, days or reports a month.", longest=40),
                choice("direction", "Good is", "Whether the value is to be at least or at most the target.",
                       ("at least the target", "at most the target")),
                number("baseline", "Baseline", "The value from which it started.", least=-1e12),
                number("target", "Target", "The value that is to be reached.", least=-1e12, listed=True),
                number("value", "Value", "The last value, where Annexa does not compute it.", least=-1e12,
                       listed=True),
                day("valued_on", "Measured on", "The day of that value."),
                choice("frequency", "How often", "How often it is measured and reported.", FREQUENCIES),
            ),
        ),
        Group(
            title="The plan",
            fields=(
                long("actions", "What is done", "The actions that lead there."),
                text("resources", "Resources", "People, money and means that are given to it."),
                text("evaluated_by", "How it is judged", "Who judges the result, where and how."),
                controls_of("The controls that the objective is about."),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
