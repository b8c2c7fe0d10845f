"""Incidents at suppliers: ISO/IEC 27001 A.5.19 to A.5.22 and A.5.26, GDPR Art. 33(2), NIS 2 Art. 21(2)(d)."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from annexa.pure.fields import FieldProblem, answer, choice, day, link, links, long, text, whole
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, owned, reference, systems_of, unit

SEVERITIES: tuple[str, ...] = ("low", "medium", "high", "critical")
SERIOUS: tuple[str, ...] = ("high", "critical")
"""As long as one of these is open, the supplier is looked at again."""
TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
HOUR = timedelta(hours=1)
LAST = time(23, 59)

Notice = Literal["in time", "late", "not told", "unknown", "no clause"]
"""How the supplier kept the notice of its contract. Unknown: the days and times on record do not decide it."""


def notice_of(incident: Entry) -> Notice:
    """Whether the supplier told in time: the hours of the clause run from when it learnt of the incident.

    A time that nobody stated may be any of its day: what holds for every one of them is told, else it is unknown.
    """
    if incident.notice_hours is None:
        return "no clause"
    if incident.told_on is None:
        return "not told"
    if incident.learnt_on is None:
        return "unknown"
    granted = incident.notice_hours * HOUR
    learnt = _between(incident.learnt_on, incident.learnt_time)
    told = _between(incident.told_on, incident.told_time)
    if told[1] - learnt[0] <= granted:
        return "in time"
    return "late" if told[0] - learnt[1] > granted else "unknown"


def _between(on: date, at: str) -> tuple[datetime, datetime]:
    """The first and the last minute it may have been. Only differences are taken, so that the zone does not matter."""
    stated = time.fromisoformat(at) if TIME.fullmatch(at) else None
    first, last = stated or time(), stated or LAST
    return datetime.combine(on, first, UTC), datetime.combine(on, last, UTC)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    for earlier, later in (("happened_on", "learnt_on"), ("learnt_on", "told_on"), ("known_on", "closed_on")):
        yield from order_problem(entry, SUPPLIER_INCIDENTS, earlier, later)
    for at, on in (("learnt_time", "learnt_on"), ("told_time", "told_on")):
        said = entry.values[at]
        if said and not TIME.fullmatch(said):
            yield FieldProblem(field=at, message=f'is "{said}"; write it like 14:30')
        elif said and entry.values[on] is None:
            label = SUPPLIER_INCIDENTS.field[on].label.lower()
            yield FieldProblem(field=at, message=f"is given without its day, {label}")
    if entry.learnt_on is not None and entry.learnt_on == entry.told_on and entry.learnt_time > entry.told_time > "":
        yield FieldProblem(field="told_time", message=f"is {entry.told_time}, before they learnt of it")
    if entry.closed_on is not None and not entry.done:
        yield FieldProblem(field="done", message="is missing although the incident is closed")


SUPPLIER_INCIDENTS = Register(
    noun="supplier_incident",
    plural="supplier-incidents",
    one="supplier incident",
    title="Supplier incidents",
    says="What went wrong at suppliers, whether they told of it in time, what of ours it touched, and what came of it.",
    asked_by=("ISO/IEC 27001 A.5.20", "ISO/IEC 27001 A.5.22", "GDPR Art. 33(2)", "NIS 2 Art. 21(2)(d)"),
    place="operation",
    takes={"notice_hours": ("supplier", "notice_hours")},
    groups=(
        Group(
            title="What happened",
            fields=(
                name("In a few words.", label="Incident"),
                reference("the incident"),
                link("supplier", "Supplier", "Where it happened.", to="supplier", listed=True),
                choice("severity", "Severity",
                       "For you. High and critical ask for another look at the supplier while they are open.",
                       SEVERITIES, facet=True, listed=True),
                day("happened_on", "Happened on", "The day it began, as far as known."),
                long("what", "What happened", "As the supplier tells it, and what you found yourselves."),
                unit("the incident"),
                owned("what is done about it"),
            ),
        ),
        Group(
            title="What of ours it touched",
            help="Where personal data are touched, your own 72 hours under GDPR Art. 33(1) begin when you know of it.",
            fields=(
                systems_of("The AI systems it touched."),
                links("assets", "Assets", "The assets it touched.", to="asset"),
                answer("personal_data", "Personal data touched", "Whether personal data you answer for were touched."),
                long("touched", "Which data", "Which data, whose, and of about how many people."),
            ),
        ),
        Group(
            title="When they told you",
            help="The clause on incident notice runs from when the supplier learnt of it. A time decides where the day "
            "alone leaves it open; both in the same time zone.",
            fields=(
                day("learnt_on", "They learnt of it on", "The day the supplier itself became aware."),
                text("learnt_time", "They learnt of it at", "The time, such as 14:30, if known.", longest=5),
                day("known_on", "You knew on", "The day you heard of it, from whomever.", listed=True),
                day("told_on", "They told you on", "The day their notice came; empty if none did."),
                text("told_time", "They told you at", "The time, such as 14:30, if known.", longest=5),
                choice("heard_by", "How you heard", "Who told first.",
                       ("notice of the supplier", "own monitoring", "news", "customer or user", "authority"),
                       facet=True),
                whole("notice_hours", "Notice agreed, hours",
                      "Within how many hours they have to tell. Left empty, a new record takes it from the supplier.",
                      least=1, most=8760),
                long("notice_taken_up", "Notice taken up",
                     "What you agreed with them where they told late or not at all, or do not say when they knew."),
            ),
        ),
        Group(
            title="What came of it",
            fields=(
                long("done", "What was done", "By them and by you, and whom you told."),
                long("cause", "Cause", "Why it could happen."),
                day("closed_on", "Closed on", "The day nothing was left to do.", listed=True),
                long("lesson", "Lesson", "What changes because of it: the contract, a control, the choice."),
                ended("the incident"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
