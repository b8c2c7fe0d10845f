"""Checks over processing activities, requests of data subjects and notices: GDPR Art. 6, 12 to 15, 26, 30, 44."""

from datetime import date, timedelta

from annexa.pure.checks.context import HALF_YEAR
from annexa.pure.checks.operation import QUARTER
from annexa.pure.checks.over import ALWAYS, as_long, earliest, over, through, within
from annexa.pure.checks.records import YEAR
from annexa.pure.register import Entry
from annexa.pure.registers.notices import NOTICES
from annexa.pure.registers.processings import INTEREST, JOINT, NO_TRANSFER, PROCESSINGS, PROCESSOR
from annexa.pure.registers.subject_requests import NONE, SUBJECT_REQUESTS, due_on


@over(PROCESSINGS)
def processings_recorded(processing: Entry) -> date | None:
    """Every processing activity has purposes, people, data, recipients and protection, confirmed within half a year."""
    told = as_long(
        processing.purpose, processing.people, processing.data, processing.recipients, processing.measures,
        processing.owner,
    )  # fmt: skip
    return earliest(told, within(processing.reviewed_on, HALF_YEAR))


@over(PROCESSINGS)
def processings_grounded(processing: Entry) -> date | None:
    """Every processing activity has a legal ground, and says whether special categories are among the data."""
    return as_long(processing.ground, processing.special)


@over(PROCESSINGS)
def interests_weighed(processing: Entry) -> date | None:
    """Every processing activity names its ground, and where that is a legitimate interest its weighing."""
    return as_long(processing.ground, processing.ground != INTEREST or processing.weighing)


@over(PROCESSINGS)
def joint_control_arranged(processing: Entry) -> date | None:
    """Every processing activity says our role, and with joint controllers where the arrangement is."""
    return as_long(processing.role, processing.role != JOINT or processing.arrangement)


@over(PROCESSINGS)
def transfers_safeguarded(processing: Entry) -> date | None:
    """Every processing activity says that no data leave the EEA, or has a safeguard assessed within a year."""
    if processing.safeguard == NO_TRANSFER:
        return ALWAYS
    return earliest(as_long(processing.safeguard, processing.transfers), within(processing.transfer_assessed_on, YEAR))


@over(PROCESSINGS)
def retention_stated(processing: Entry) -> date | None:
    """Every processing activity says how long the data are kept."""
    return as_long(processing.retention)


@over(PROCESSINGS)
def instructions_kept(processing: Entry) -> date | None:
    """Every processing activity says our role, and where we are a processor whose instructions bind us."""
    return as_long(processing.role, processing.role != PROCESSOR or processing.instructions)


@over(SUBJECT_REQUESTS)
def requests_recorded(request: Entry) -> date | None:
    """Every request has its kind, receipt and owner, and a line for each quarter says if nobody asked."""
    if request.kind == NONE:
        return earliest(as_long(request.owner), within(request.received_on, QUARTER))
    return as_long(request.kind, request.received_on, request.owner, request.path)


@over(SUBJECT_REQUESTS)
def requests_in_time(request: Entry) -> date | None:
    """Every request of a data subject is assigned, and answered within a month or the period it was extended to."""
    if request.kind == NONE:
        return earliest(as_long(request.owner), within(request.received_on, QUARTER))
    due = due_on(request)
    if due is None or not request.owner:
        return None
    if request.answered_on is None:
        return due + timedelta(days=1)
    return as_long(request.answered_on <= due)


@over(SUBJECT_REQUESTS, where=lambda request: request.answered_on is not None)
def requests_answered_fully(request: Entry) -> date | None:
    """Every answered request says which systems were searched, the outcome, and how its effect is known."""
    return as_long(request.searched, request.outcome, request.effect)


@over(NOTICES, where=lambda notice: notice.kind != "not needed")
def notices_kept_true(notice: Entry) -> date | None:
    """Every notice has its place, version and approval, and was compared with what is done within half a year."""
    told = as_long(notice.where, notice.version, notice.approved_by, notice.approved_on)
    return earliest(told, within(notice.compared_on, HALF_YEAR))


@through(NOTICES, where=lambda notice: notice.kind in ("people affected by decisions", "use of AI", "not needed"))
def people_told(notice: Entry) -> date | None:
    """Every AI system in use has a notice to the people it bears on, shown and approved, or it is said why none."""
    if notice.kind == "not needed":
        return earliest(as_long(notice.reason), within(notice.compared_on, YEAR))
    return earliest(as_long(notice.where, notice.shown_since, notice.approved_by), within(notice.compared_on, YEAR))


@through(NOTICES, where=lambda notice: notice.kind in ("workers and representatives", "not needed"))
def workers_told(notice: Entry) -> date | None:
    """Every AI system in use has a dated notice to the workers it bears on, or it is said why none."""
    if notice.kind == "not needed":
        return earliest(as_long(notice.reason), within(notice.compared_on, YEAR))
    return earliest(as_long(notice.where, notice.shown_since), within(notice.compared_on, YEAR))
