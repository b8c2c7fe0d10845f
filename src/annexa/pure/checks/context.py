"""Checks over context, scopes, objectives, obligations and changes: clauses 4, 6.2, 6.3, 8.1; 27001 A.5.31, A.8.32."""

from datetime import date

from annexa.pure.checks.over import ALWAYS, as_long, earliest, over, through, within
from annexa.pure.checks.records import YEAR
from annexa.pure.register import Entry
from annexa.pure.registers.changes import CHANGES, OF_SYSTEMS
from annexa.pure.registers.duties import DUTIES
from annexa.pure.registers.objectives import OBJECTIVES
from annexa.pure.registers.parties import AFFECTED, PARTIES
from annexa.pure.registers.scopes import SCOPES

HALF_YEAR = 190
MEASURED_WITHIN = {"monthly": 45, "quarterly": 100, "every half-year": HALF_YEAR, "yearly": YEAR}
"""How many days the value of an objective counts, by how often it is to be measured."""
DECIDED = ("yes", "no", "not applicable")


# Interested parties and scopes: 4.2, 4.3


@over(PARTIES)
def party_needs_decided(party: Entry) -> date | None:
    """Every interested party has its needs on record, and whether they are taken on as a requirement."""
    return as_long(party.needs, party.taken_on in DECIDED)


@over(PARTIES, where=lambda party: party.taken_on == "yes")
def party_requirements_met(party: Entry) -> date | None:
    """For every need that is taken on it is said how it is met, and who sees to it."""
    return as_long(party.how, party.owner)


@over(PARTIES)
def parties_reviewed(party: Entry) -> date | None:
    """Every interested party was looked at within a year."""
    return within(party.reviewed_on, YEAR)


@through(PARTIES, where=lambda party: party.kind in AFFECTED)
def affected_people_recorded(party: Entry) -> date | None:
    """Every AI system in use names the people it bears on, with what they need and how they are reached."""
    return as_long(party.needs, party.reached_by)


@over(SCOPES)
def scopes_approved(scope: Entry) -> date | None:
    """Every scope states boundaries and interfaces and was approved by somebody other than its owner."""
    return as_long(scope.boundaries, scope.interfaces, scope.owner, scope.approved_by, scope.approved_on)


@over(SCOPES)
def scopes_reviewed(scope: Entry) -> date | None:
    """Every scope was looked at within a year."""
    return within(scope.reviewed_on, YEAR)


@over(SCOPES, where=lambda scope: scope.certificate != "")
def certified_scopes_valid(scope: Entry) -> date | None:
    """Every certificate has its scope on record and has not run out."""
    return earliest(as_long(scope.certificate_scope), within(scope.certified_until, 1))


# Objectives: 6.2


@over(OBJECTIVES)
def objectives_planned(objective: Entry) -> date | None:
    """Every objective has a measure, a target, actions, means, a day and an owner."""
    measured = (objective.measure or objective.kpi) and objective.target is not None
    return as_long(measured, objective.actions, objective.resources, objective.due_on, objective.owner)


@over(OBJECTIVES)
def objectives_measured(objective: Entry) -> date | None:
    """Every objective is computed by Annexa or was measured within its interval."""
    if objective.kpi:
        return ALWAYS
    return within(objective.valued_on, MEASURED_WITHIN.get(objective.frequency, MEASURED_WITHIN["quarterly"]))


@over(OBJECTIVES)
def objectives_on_time(objective: Entry) -> date | None:
    """Every objective has a day on which it is to be reached that has not passed."""
    return within(objective.due_on, 1)


# Obligations: 27001 A.5.31


@over(DUTIES)
def duties_owned(duty: Entry) -> date | None:
    """Every obligation has its source, the day from which it binds, and an owner."""
    return as_long(duty.provision, duty.binds_from, duty.owner)


@over(DUTIES)
def duties_answered(duty: Entry) -> date | None:
    """For every obligation it is said how far it is met and how, looked at within half a year."""
    return earliest(as_long(duty.met, duty.how), within(duty.reviewed_on, HALF_YEAR))


@over(DUTIES, where=lambda duty: duty.met not in ("out of scope", "not due yet"))
def duties_met(duty: Entry) -> date | None:
    """Every obligation that binds is met."""
    return as_long(duty.met == "met")


@over(DUTIES, where=lambda duty: duty.met not in ("out of scope", "not due yet"))
def duties_controlled(duty: Entry) -> date | None:
    """Every obligation that binds names the controls that meet it."""
    return as_long(duty.controls)


# Changes: 6.3, 8.1; 27001 A.8.32


@over(CHANGES)
def changes_assessed(change: Entry) -> date | None:
    """Every change plan says why, what it may lead to, and whether it is of high risk."""
    return as_long(change.why, change.consequences, change.high_risk in DECIDED)


@over(CHANGES, where=lambda change: change.done_on is not None)
def changes_approved(change: Entry) -> date | None:
    """Every change that was done had been approved by somebody other than its owner."""
    return as_long(change.approved_by, change.approved_on is not None and change.approved_on <= change.done_on)


@over(CHANGES, where=lambda change: change.kind == "management system")
def system_changes_planned(change: Entry) -> date | None:
    """Every change of the management system has an owner, a day, its consequences, and an approval."""
    return as_long(change.owner, change.planned_on, change.consequences, change.approved_by, change.approved_on)


@over(CHANGES, where=lambda change: change.high_risk == "yes")
def high_risk_changes_assessed(change: Entry) -> date | None:
    """Every high-risk change refers to its risk assessment and, for AI systems, to its impact assessment."""
    return as_long(change.risk_assessment, change.kind != OF_SYSTEMS or change.impact_assessment)


@over(CHANGES, where=lambda change: change.done_on is not None)
def changes_tested(change: Entry) -> date | None:
    """Every change that was done had been tested, had a way back, and has its outcome on record."""
    return as_long(change.tested, change.rollback, change.outcome)
