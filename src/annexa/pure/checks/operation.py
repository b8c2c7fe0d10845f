"""Checks over routines, evaluations, data and files of AI systems: 8.1, 9.1; 42001 A.6.2, A.7; AI Act Art. 9 to 15."""

from collections.abc import Callable
from datetime import date

from annexa.pure.checks.context import DECIDED, HALF_YEAR
from annexa.pure.checks.over import RecordCheck, as_long, earliest, over, through, within, within_interval
from annexa.pure.checks.records import YEAR
from annexa.pure.register import Entry
from annexa.pure.registers.changes import CHANGES, OF_SYSTEMS
from annexa.pure.registers.data_sheets import DATA_SHEETS
from annexa.pure.registers.evaluations import EVALUATIONS, HELD
from annexa.pure.registers.routines import INTERVALS, PASSED, ROUTINES
from annexa.pure.registers.system_files import SYSTEM_FILES

QUARTER = 100


# Routines: 8.1, 9.1


@over(ROUTINES)
def routines_planned(routine: Entry) -> date | None:
    """Every routine has an owner, an interval, and a method that somebody else could follow."""
    return as_long(routine.owner, routine.frequency, routine.method)


@over(ROUTINES)
def routines_followed_up(routine: Entry) -> date | None:
    """Every routine passed the last time, and what it found is being mended by somebody."""
    mended = routine.result == "passed" or routine.actions
    return as_long(routine.result in PASSED, routine.done_by, mended)


@over(ROUTINES)
def routines_in_time(routine: Entry) -> date | None:
    """Every routine was done within its interval, whatever came out."""
    return earliest(as_long(routine.result), within_interval(routine.done_on, routine.frequency, INTERVALS))


@over(ROUTINES, subjects=lambda routine: routine.serves)
def routine_passed(routine: Entry) -> date | None:
    """Every routine that serves this was done within its interval and passed, and what it found is being mended."""
    return earliest(routines_followed_up.holds(routine), within_interval(routine.done_on, routine.frequency, INTERVALS))


# Evaluations of AI systems: 42001 A.6.2.4


def _evaluated(kind: str, name: str, days: int) -> RecordCheck:
    """The check that every AI system in use has an evaluation of a kind that passed so many days ago at most."""

    def holds(evaluation: Entry) -> date | None:
        if evaluation.outcome == "not needed":
            return earliest(as_long(evaluation.reason), within(evaluation.done_on, YEAR))
        told = as_long(evaluation.outcome in HELD, evaluation.version, evaluation.method, evaluation.done_by)
        return earliest(told, within(evaluation.done_on, days))

    holds.__name__ = name
    holds.__doc__ = f"Every AI system in use was evaluated for {kind} in time and passed, or it is said why not needed."
    return through(EVALUATIONS, where=lambda evaluation: evaluation.kind == kind)(holds)


accessibility_tested = _evaluated("accessibility", "accessibility_tested", YEAR)
agent_stop_rehearsed = _evaluated("stop of agents", "agent_stop_rehearsed", QUARTER)
attack_security_tested = _evaluated("security against AI attacks", "attack_security_tested", YEAR)
attention_measured = _evaluated("attention of overseers", "attention_measured", QUARTER)
bias_examined = _evaluated("bias", "bias_examined", HALF_YEAR)
disclosure_tested = _evaluated("disclosure and labelling", "disclosure_tested", HALF_YEAR)
explanations_tested = _evaluated("explanations", "explanations_tested", YEAR)
fairness_reviewed = _evaluated("fairness", "fairness_reviewed", HALF_YEAR)
fallback_rehearsed = _evaluated("fallback and rollback", "fallback_rehearsed", HALF_YEAR)
footprint_measured = _evaluated("energy and computing", "footprint_measured", HALF_YEAR)
guardrails_evaluated = _evaluated("guardrails", "guardrails_evaluated", HALF_YEAR)
incident_drill_held = _evaluated("serious incident drill", "incident_drill_held", 400)
labels_measured = _evaluated("labels", "labels_measured", HALF_YEAR)
market_experience_judged = _evaluated("market experience", "market_experience_judged", HALF_YEAR)
marks_tested = _evaluated("machine-readable marks", "marks_tested", HALF_YEAR)
override_rehearsed = _evaluated("override and stop", "override_rehearsed", HALF_YEAR)
powers_compared = _evaluated("powers over the system", "powers_compared", QUARTER)
red_teamed = _evaluated("red teaming", "red_teamed", YEAR)
retrieval_graded = _evaluated("retrieval", "retrieval_graded", 45)
robustness_tested = _evaluated("accuracy and robustness", "robustness_tested", YEAR)
system_reviewed = _evaluated("periodic review", "system_reviewed", YEAR)
threats_tested = _evaluated("threat model tests", "threats_tested", HALF_YEAR)
trustworthiness_measured = _evaluated("trustworthiness", "trustworthiness_measured", HALF_YEAR)
validated = _evaluated("validation", "validated", YEAR)
version_rebuilt = _evaluated("rebuild of a version", "version_rebuilt", 400)


# Data of AI systems: 42001 A.7


@through(DATA_SHEETS)
def data_described(sheet: Entry) -> date | None:
    """Every AI system in use has a data sheet with preparation, assumptions and gaps that a second person approved."""
    told = as_long(sheet.preparation, sheet.assumptions, sheet.gaps, sheet.approved_by, sheet.approved_on)
    return earliest(told, within(sheet.reviewed_on, YEAR))


@through(DATA_SHEETS)
def data_traced(sheet: Entry) -> date | None:
    """Every AI system in use has a data sheet with provenance, first purpose and owner of its data."""
    return as_long(sheet.provenance, sheet.first_purpose, sheet.owner)


@through(DATA_SHEETS)
def data_ground_checked(sheet: Entry) -> date | None:
    """Every AI system in use has data whose ground has a proof and was checked within half a year."""
    return earliest(as_long(sheet.ground, sheet.ground_proof), within(sheet.ground_checked_on, HALF_YEAR))


@through(DATA_SHEETS)
def special_data_justified(sheet: Entry) -> date | None:
    """Every AI system in use has a data sheet that says whether special categories are used, and if so why."""
    needed = sheet.personal_data != "special categories" or sheet.necessity
    return earliest(as_long(sheet.personal_data, needed), within(sheet.reviewed_on, YEAR))


@through(DATA_SHEETS)
def labelling_described(sheet: Entry) -> date | None:
    """Every AI system in use has a data sheet that names the guide of those who labelled, or says that nobody did."""
    return earliest(as_long(sheet.labelling), within(sheet.reviewed_on, YEAR))


@over(DATA_SHEETS)
def data_sheets_owned(sheet: Entry) -> date | None:
    """Every data sheet has an owner and was looked at within a year."""
    return earliest(as_long(sheet.owner), within(sheet.reviewed_on, YEAR))


# Files of AI systems: 42001 A.6.2.7


def _on_file(part: str, name: str, words: str, *others: str) -> RecordCheck:
    """The check that the file of every AI system in use has a part, approved by a second person within a year."""

    def holds(file: Entry) -> date | None:
        told = as_long(*(file.values[one] for one in (part, *others)), file.version, file.approved_by)
        return earliest(told, within(file.approved_on, YEAR))

    holds.__name__ = name
    holds.__doc__ = f"Every AI system in use has {words} in its file, approved by a second person within a year."
    return through(SYSTEM_FILES)(holds)


decommissioning_on_file = _on_file("decommissioning", "decommissioning_on_file", "a plan for its end")
fairness_protocol_on_file = _on_file("fairness_protocol", "fairness_protocol_on_file", "a fairness protocol")
fallback_on_file = _on_file("fallback", "fallback_on_file", "a plan for fallback and rollback")
incident_sheet_on_file = _on_file("incident_sheet", "incident_sheet_on_file", "a sheet for serious incidents")
instructions_on_file = _on_file("instructions", "instructions_on_file", "instructions for use")
logs_on_file = _on_file("log_specification", "logs_on_file", "a specification of its logs")
monitoring_on_file = _on_file("monitoring_plan", "monitoring_on_file", "a plan for monitoring after release")
oversight_on_file = _on_file("oversight", "oversight_on_file", "the design of its human oversight")
requirements_on_file = _on_file("requirements", "requirements_on_file", "requirements and design")
test_plan_on_file = _on_file("test_plan", "test_plan_on_file", "a test plan")
threat_model_on_file = _on_file("threat_model", "threat_model_on_file", "a threat model")
file_complete = _on_file(
    "requirements",
    "file_complete",
    "every part of a technical file",
    "test_plan",
    "risk_file",
    "log_specification",
    "instructions",
    "oversight",
    "monitoring_plan",
    "decommissioning",
)


# Changes of AI systems: 42001 A.6.2.5, AI Act Art. 3(23)


def _of_systems(change: Entry) -> bool:
    return bool(change.kind == OF_SYSTEMS)


def _released(name: str, words: str, told: Callable[[Entry], object]) -> RecordCheck:
    def holds(change: Entry) -> date | None:
        return as_long(change.done_on, told(change))

    holds.__name__, holds.__doc__ = name, f"Every AI system in use has a change plan that was done, with {words}."
    return through(CHANGES, where=_of_systems)(holds)


deployment_approved = _released(
    "deployment_approved",
    "its version, its tests, and an approval beforehand by a second person",
    lambda one: one.version and one.tested and one.approved_by and one.approved_on and one.approved_on <= one.done_on,
)
manifest_on_file = _released(
    "manifest_on_file",
    "the version and the manifest of model, prompts, data, code and configuration",
    lambda one: one.version and one.manifest,
)
modification_judged = _released(
    "modification_judged",
    "a reasoned answer whether it is a substantial modification and changes the role",
    lambda one: one.substantial in DECIDED and one.substantial_because,
)
