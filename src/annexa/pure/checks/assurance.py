"""Checks over keys, media, people, projects, concerns, indicators and contacts: 9.1 and Annex A of ISO/IEC 27001."""

from datetime import date

from annexa.pure.checks.context import MEASURED_WITHIN
from annexa.pure.checks.operation import QUARTER
from annexa.pure.checks.over import ALWAYS, RecordCheck, as_long, earliest, over, through, within, within_interval
from annexa.pure.checks.records import YEAR
from annexa.pure.register import Entry
from annexa.pure.registers.concerns import CONCERNS
from annexa.pure.registers.contacts import CONTACTS
from annexa.pure.registers.credentials import CREDENTIALS, IDENTITIES, KEYS
from annexa.pure.registers.engagements import ENGAGEMENTS
from annexa.pure.registers.indicators import INDICATORS
from annexa.pure.registers.media import GONE, MEDIA
from annexa.pure.registers.projects import PROJECTS

ANSWERED_WITHIN = 30
"""Days in which a concern is to be answered."""


# Keys and machine identities: 27001 A.8.24, A.5.16, A.5.17


@over(CREDENTIALS, where=lambda one: one.kind in KEYS)
def keys_recorded(key: Entry) -> date | None:
    """Every key and certificate has its one purpose, custodian, deputy, state, place and way to recover it."""
    return as_long(key.purpose, key.owner, key.deputy, key.status, key.kept_in, key.recovery)


@over(CREDENTIALS, where=lambda one: one.kind in KEYS and one.status != "destroyed")
def keys_in_period(key: Entry) -> date | None:
    """Every key and certificate in use is within the period for which it may be used."""
    return within(key.renew_by, 1)


@over(CREDENTIALS, where=lambda one: one.kind in IDENTITIES)
def machine_identities_recorded(identity: Entry) -> date | None:
    """Every machine identity and secret has an owner, a purpose, its rights, and a place where it is kept."""
    return as_long(identity.owner, identity.purpose, identity.rights, identity.kept_in)


@over(CREDENTIALS, where=lambda one: one.kind in IDENTITIES and one.status != "destroyed")
def secrets_rotated(identity: Entry) -> date | None:
    """Every machine identity and secret in use is within the period after which it is renewed."""
    return within(identity.renew_by, 1)


@through(CREDENTIALS, where=lambda one: one.kind == "agent identity")
def agents_identified(identity: Entry) -> date | None:
    """Every AI system in use that acts has an identity of its own with owner, rights and limits on record."""
    return as_long(identity.owner, identity.purpose, identity.rights)


# Media: 27001 A.7.9, A.7.10, A.7.14


@over(MEDIA)
def media_recorded(medium: Entry) -> date | None:
    """Every medium has a class, a holder and a place."""
    return as_long(medium.classification, medium.owner, medium.location)


@over(MEDIA, where=lambda medium: medium.status in GONE)
def media_destroyed_with_proof(medium: Entry) -> date | None:
    """Every medium that was erased or destroyed has its day, method and proof, compared by somebody."""
    return as_long(medium.destroyed_on, medium.method, medium.certificate, medium.checked_by)


@over(MEDIA, where=lambda medium: medium.status == "off site")
def media_back_in_time(medium: Entry) -> date | None:
    """Every medium off site was let out by somebody, has a holder, and is not overdue."""
    return earliest(as_long(medium.let_out_by, medium.owner), within(medium.back_by, 1))


# Starters and leavers: 27001 A.6.1 to A.6.6


@over(ENGAGEMENTS)
def starters_screened(one: Entry) -> date | None:
    """Every starter was screened for the role, or an exception says why, and signed terms by the first day."""
    screened = one.screening in ("passed", "exception", "not needed")
    return as_long(screened, one.began_on, one.terms_on and one.began_on and one.terms_on <= one.began_on)


@over(ENGAGEMENTS)
def secrecy_undertaken(one: Entry) -> date | None:
    """Every starter signed an undertaking of secrecy, in a known version, by the first day, and it has not ended."""
    signed = as_long(one.secrecy_version, one.secrecy_on and one.began_on and one.secrecy_on <= one.began_on)
    return earliest(signed, ALWAYS if one.secrecy_until is None else within(one.secrecy_until, 1))


@over(ENGAGEMENTS, where=lambda one: one.left_on is not None)
def leavers_cleared(one: Entry) -> date | None:
    """Every leaver lost access by the day after the last one, and gave everything back."""
    removed = one.access_removed_on is not None and (one.access_removed_on - one.left_on).days <= 1
    return as_long(removed, one.assets_returned in ("yes", "not applicable"))


# Projects: 27001 A.5.8, A.8.25 to A.8.30; GDPR Art. 25


@over(PROJECTS, where=lambda project: project.stage != "stopped")
def projects_recorded(project: Entry) -> date | None:
    """Every project has a risk, contacts for security and for privacy and AI, and its open points."""
    return as_long(project.risk, project.security_contact, project.privacy_contact, project.open_points)


@over(PROJECTS, where=lambda project: project.stage in ("build", "test", "handed over"))
def projects_threat_modelled(project: Entry) -> date | None:
    """Every project beyond its design has requirements and a threat model."""
    return as_long(project.requirements, project.threat_model)


@over(PROJECTS, where=lambda project: project.stage in ("build", "test", "handed over"))
def designs_reviewed(project: Entry) -> date | None:
    """Every project beyond its design had it reviewed, with departures from principles on record."""
    return as_long(project.design_reviewed_on, project.departures)


@over(PROJECTS, where=lambda project: project.stage in ("build", "test", "handed over"))
def privacy_by_design(project: Entry) -> date | None:
    """Every project beyond its design says what the privacy check changed."""
    return as_long(project.privacy_check)


@over(PROJECTS, where=lambda project: project.stage == "handed over")
def projects_handed_over(project: Entry) -> date | None:
    """Every project that was handed over says who took it over, when, and with which risks."""
    return as_long(project.handed_over_on, project.accepted_by, project.risks_accepted)


@over(PROJECTS, where=lambda project: project.developed_by == "supplier")
def outsourced_bound(project: Entry) -> date | None:
    """Every project that a supplier develops names the supplier and the conditions it is bound by."""
    return as_long(project.supplier, project.conditions)


@over(PROJECTS, where=lambda project: project.developed_by == "supplier" and project.stage == "handed over")
def deliveries_accepted(project: Entry) -> date | None:
    """Every delivery of a supplier was built from source, scanned, and accepted by somebody."""
    return as_long(project.source_built in ("yes", "not applicable"), project.accepted_by)


# Concerns and contests: 42001 A.3.3, A.8.3; AI Act Art. 86; GDPR Art. 22(3)


def _heard(concern: Entry) -> date | None:
    """Answered with a reason within thirty days; or nothing came, in a quarter that is not long ago."""
    if concern.kind == "none received":
        return earliest(as_long(concern.owner), within(concern.received_on, QUARTER))
    if concern.answered_on is None:
        return earliest(as_long(concern.owner), within(concern.received_on, ANSWERED_WITHIN + 1))
    in_time = concern.answered_on <= (within(concern.received_on, ANSWERED_WITHIN) or date.min)
    return as_long(in_time, concern.reason, concern.outcome)


def _logged(about: str, name: str) -> RecordCheck:
    def holds(concern: Entry) -> date | None:
        return _heard(concern)

    holds.__name__ = name
    holds.__doc__ = f"Every report about {about} is answered with a reason in time, or the quarter says that none came."
    return over(CONCERNS, where=lambda concern: about in concern.about)(holds)


impacts_heard = _logged("adverse impact of AI", "impacts_heard")
vulnerability_reports_heard = _logged("vulnerability", "vulnerability_reports_heard")
staff_concerns_heard = _logged("staff concern", "staff_concerns_heard")


def _kept(name: str, words: str, *about: str) -> RecordCheck:
    def holds(concern: Entry) -> date | None:
        until = _heard(concern)
        lately = within(concern.received_on, QUARTER)
        judged = concern.kind == "none received" or concern.answered_on is None or concern.judged_by
        return earliest(until, lately) if judged else None

    holds.__name__ = name
    holds.__doc__ = f"Every AI system in use has {words} of the last quarter on record, or a line that none came."
    return through(CONCERNS, where=lambda concern: bool(set(about) & set(concern.about)))(holds)


contests_kept = _kept("contests_kept", "contests and questions for explanations", "decision contested",
                      "explanation asked")  # fmt: skip
training_rights_kept = _kept("training_rights_kept", "complaints about rights in its data", "rights in training data")


# Indicators: 9.1


@over(INDICATORS)
def indicators_planned(indicator: Entry) -> date | None:
    """Every indicator has a method, a threshold, an interval, somebody who measures and somebody who judges."""
    return as_long(
        indicator.method, indicator.threshold is not None, indicator.frequency, indicator.owner, indicator.judged_by
    )


@over(INDICATORS)
def indicators_evaluated(indicator: Entry) -> date | None:
    """Every indicator was measured within its interval, and its result judged."""
    measured = within_interval(indicator.valued_on, indicator.frequency, MEASURED_WITHIN)
    return earliest(as_long(indicator.judgement), measured)


# Contacts: 27001 A.5.5, A.5.6


@over(CONTACTS)
def contacts_tested(contact: Entry) -> date | None:
    """Every contact has a channel and a speaker with deputy, and was tried or used within a year."""
    return earliest(as_long(contact.channel, contact.speaker, contact.deputy), within(contact.tested_on, YEAR))
