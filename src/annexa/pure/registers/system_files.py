"""The file of each AI system: ISO/IEC 42001 A.6.2.2 to A.6.2.8 and A.8.2, EU AI Act Art. 11, 13, 14 and Annex IV."""

from collections.abc import Iterable

from annexa.pure.fields import Field, FieldProblem, day, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    approval_problem,
    approved,
    ended,
    name,
    owned,
    reference,
    reviewed,
    systems_of,
    unit,
)


def _part(name: str, label: str, help_: str) -> Field:
    """A part of the file: the document and its revision."""
    return text(name, label, f"{help_} Name the document and its revision.")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from approval_problem(entry)
    if entry.approved_on is not None and not entry.version:
        yield FieldProblem(field="version", message="is missing although the file is approved")


SYSTEM_FILES = Register(
    noun="system_file",
    plural="system-files",
    one="system file",
    title="System files",
    says="The table of contents of each AI system's technical file: which document, which revision, approved by whom.",
    asked_by=("ISO/IEC 42001 A.6.2.7", "ISO/IEC 42001 A.6.2.2", "EU AI Act Art. 11", "EU AI Act Art. 13"),
    place="operation",
    groups=(
        Group(
            title="The file",
            fields=(
                name("Such as technical file of the load forecast."),
                reference("the file"),
                systems_of("The AI system it describes."),
                text("version", "Version", "The version of the AI system it describes.", longest=100, listed=True),
                unit("the file"),
                owned("the file"),
                *approved("the file"),
                reviewed("the file"),
                ended("the file"),
            ),
        ),
        Group(
            title="Design",
            fields=(
                _part(
                    "requirements", "Requirements and design", "What was asked for, how it is built, traced to tests."
                ),
                _part("test_plan", "Test plan", "Measures and pass marks, dated before the test."),
                _part("threat_model", "Threat model", "Drawing of flows, trust borders, abuse cases."),
                _part("risk_file", "Risk file", "Hazards, misuse, people at risk, what is left."),
                _part("log_specification", "Logs", "Events, prompts and outputs that are logged, period, readers."),
                _part("fairness_protocol", "Fairness protocol", "Measures, groups and pass marks, fixed beforehand."),
            ),
        ),
        Group(
            title="Use",
            fields=(
                _part("instructions", "Instructions for use", "What deployers and users are told (Art. 13)."),
                _part("oversight", "Human oversight", "Who watches, what they see, how they override and stop."),
                _part("fallback", "Fallback and rollback", "Safe states, triggers, times and capacity."),
                _part("monitoring_plan", "Monitoring plan", "What is watched after release, by whom (Art. 72)."),
                _part(
                    "incident_sheet", "Serious incidents", "Examples, inbox, duty roster, recipients, clocks (Art. 73)."
                ),
                _part("decommissioning", "End of use", "What happens to data, models, users and records."),
                day(
                    "told_workers_on", "Workers told on", "The day workers and their representatives were told, if any."
                ),
            ),
        ),
    ),
    rule=_rule,
)
