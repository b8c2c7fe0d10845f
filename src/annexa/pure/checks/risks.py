"""Checks over the risk register and the treatment plan: ISO/IEC 27001 and 42001, 6.1.2, 6.1.3, 8.2 and 8.3.

They look at what is recorded, never at the residual level: that is computed from verdicts, and a verdict that rested on
it would rest on itself (decision 0024).
"""

from datetime import date

from annexa.pure.checks.over import as_long, earliest, over, through, within
from annexa.pure.checks.records import YEAR
from annexa.pure.register import Entry
from annexa.pure.registers.risks import PEOPLE, RISKS
from annexa.pure.registers.treatments import TREATMENTS

BEARING_ON_PEOPLE = ("ai", "privacy", "agents")
"""Areas in which a risk has to say what it does to people."""


@over(RISKS)
def risks_owned(risk: Entry) -> date | None:
    """Every risk has a named owner."""
    return as_long(risk.owner)


@over(RISKS)
def risks_described(risk: Entry) -> date | None:
    """Every risk names threat, weakness and consequence, and the management systems it belongs to."""
    harm = any(risk.values[f"harm_to_{who}"] for who in ("organisation", *PEOPLE))
    return as_long(risk.threat, risk.weakness, harm, risk.management_systems)


@over(RISKS)
def risks_assessed(risk: Entry) -> date | None:
    """Every risk has a likelihood and an impact with the reason, judged within a year."""
    return earliest(
        as_long(risk.likelihood is not None, risk.impact is not None, risk.rated_because),
        within(risk.assessed_on, YEAR),
    )


@over(RISKS)
def risks_reviewed(risk: Entry) -> date | None:
    """Every risk was reviewed by the day set for it."""
    return earliest(as_long(risk.assessed_on), within(risk.next_review_on, 1))


@over(RISKS, where=lambda risk: risk.area in BEARING_ON_PEOPLE)
def harm_to_people_stated(risk: Entry) -> date | None:
    """Every risk of AI, agents or privacy says what it does to individuals, groups or society."""
    return as_long(any(risk.values[f"harm_to_{who}"] for who in PEOPLE))


@over(RISKS)
def risks_treated(risk: Entry) -> date | None:
    """Every risk has a treatment with the reason; one that is modified names controls and what it aims at."""
    aims = risk.target_likelihood is not None or risk.target_impact is not None
    controls = risk.controls or risk.controls_on_impact
    return as_long(risk.treatment, risk.treated_because, risk.treatment != "modify" or (controls and aims))


@over(RISKS)
def residual_risk_accepted(risk: Entry) -> date | None:
    """Every risk has what is left of it accepted by name, until a day that has not passed."""
    return earliest(as_long(risk.accepted_by, risk.accepted_level), within(risk.accepted_until, 1))


@over(RISKS, where=lambda risk: risk.area == "privacy")
def privacy_risks_located(risk: Entry) -> date | None:
    """Every privacy risk names the AI systems, assets or suppliers it can come from, and has an owner."""
    return as_long(risk.owner, risk.systems or risk.assets or risk.suppliers)


@over(RISKS, where=lambda risk: risk.area == "third-parties")
def supplier_risks_located(risk: Entry) -> date | None:
    """Every risk that comes from third parties names the suppliers."""
    return as_long(risk.suppliers)


@over(TREATMENTS)
def treatments_planned(step: Entry) -> date | None:
    """Every step of the treatment plan names its risk, who does it, and until when."""
    return as_long(step.risk, step.owner, step.due_on)


@over(TREATMENTS)
def treatments_on_time(step: Entry) -> date | None:
    """Every step of the treatment plan is done, or its day has not passed."""
    return as_long(step.done_on) or within(step.due_on, 1)


@over(TREATMENTS, where=lambda step: step.done_on is not None)
def treatments_judged(step: Entry) -> date | None:
    """Every step of the treatment plan that is done says what effect it had, and how that is known."""
    return as_long(step.effect, step.effect_because)


def _judged(risk: Entry) -> date | None:
    day: date | None = risk.assessed_on
    return day


@through(RISKS, judged=_judged)
def ai_risks_assessed(risk: Entry) -> date | None:
    """Every AI system in use has a risk with an owner, judged within a year and since its last material change."""
    if not risk.owner or risk.likelihood is None or risk.impact is None:
        return None
    return within(risk.assessed_on, YEAR)


@through(RISKS, where=lambda risk: risk.area in BEARING_ON_PEOPLE, judged=_judged)
def ai_harms_assessed(risk: Entry) -> date | None:
    """Every AI system in use has a risk that says whom else it could harm, judged since its last material change."""
    if not any(risk.values[f"harm_to_{who}"] for who in PEOPLE):
        return None
    return within(risk.assessed_on, YEAR)
