"""What is decided about risks: the scale and the appetite, and who lives with what is left of one until when."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from django.db import IntegrityError

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.registers import known_record, place_in, replace
from annexa.answers.risk_scale import RiskRules, shipped_scales
from annexa.answers.risks import rated_risk
from annexa.library.reader import LibraryError
from annexa.library.risks import own_scale
from annexa.pure.permits import ANNEXA, Actor, holds
from annexa.pure.registers.risks import RISKS
from annexa.pure.risk import AREAS, MatrixScale, RiskLevel
from annexa.pure.risk_acceptance import Hands, proposal_problems, refused
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow
from annexa.records.risks import RiskProposal, RiskScale, RiskStep

LONGEST_SCALE = 60_000


def choose_risk_scale(
    *,
    actor: Actor,
    person: Person | None,
    scale: str,
    appetite: Mapping[str, str],
    because: str,
    now: datetime,
    told: str = "",
) -> RiskScale:
    """Says on which scale risks are judged from now on, and up to which level nobody has to accept them.

    `scale`: the id of a shipped one; or `told`, one of the organisation's own as TOML (docs/risks.md). `appetite`: a
    level for each area, under "" for all others. A rating that the scale does not have counts as none until it is
    judged again. Ledger: risk_scale. Raises InvalidError, NotPermittedError.
    """
    with door(actor=actor, verb="choose_risk_scale", now=now, because=because.strip()) as opened:
        found, problems = _scale(scale, told)
        problems |= {} if because.strip() else {"because": ["Say why."]}
        chosen = {area: level for area, level in appetite.items() if level}
        if found is not None:
            problems |= _appetite_problems(found, chosen)
        if problems or found is None:
            raise InvalidError(problems)
        made = RiskScale(
            id=uuid.uuid4().hex, scale=found.id, told=told.strip(), appetite=chosen, because=because.strip(),
            recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="risk_scale", subject="risk_scale")
    return made


def propose_acceptance(
    *, actor: Actor, person: Person, risk: str, until: date, because: str, now: datetime
) -> RiskProposal:
    """Proposes to live with what is left of a risk until a day; somebody else has to accept it.

    Ledger: risk_proposal. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError if one waits already.
    """
    row = known_record(actor, RISKS, risk)
    with door(
        actor=actor, verb="propose_acceptance", now=now, because=because.strip(), place=place_in(RISKS, row.entry)
    ) as opened:
        level, rules = _left(risk, now)
        problems = proposal_problems(level, until, now.date())
        problems |= {} if because.strip() else {"because": ["Say why the organisation can live with it."]}
        if problems or level is None:
            raise InvalidError(problems)
        if RiskProposal.objects.filter(risk_id=risk, steps__isnull=True).exists():
            raise ConflictError("A proposal about this risk waits for somebody already.")
        left = rated_risk(actor=ANNEXA, now=now, slug=risk)[0].residual
        made = RiskProposal(
            id=uuid.uuid4().hex, risk_id=risk, scale=rules.scale.id, level=level.id, until=until,
            likelihood=left.likelihood.left if left else 0, impact=left.impact.left if left else 0,
            because=because.strip(), recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="risk_proposal", subject=f"risk_proposal/{made.id}")
    return made


def decide_acceptance(
    *, actor: Actor, person: Person, proposal: str, accept: bool, because: str, now: datetime
) -> RiskStep:
    """Accepts what is left of a risk as it was proposed, in one's own name, or refuses it.

    Ledger: risk_step, and risk for an acceptance. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    about = _proposal(actor, proposal)
    place = place_in(RISKS, about.risk.entry)
    try:
        with door(actor=actor, verb="accept_risk", now=now, because=because.strip(), place=place) as opened:
            about = _proposal(actor, proposal)
            if about.steps.exists():
                raise ConflictError("Somebody decided about this already.")
            if problems := _deciding_problems(actor, person, about, accept=accept, because=because.strip(), now=now):
                raise InvalidError(problems)
            made = _step(opened, about, person, number=1, step="accepted" if accept else "refused")
            if accept:
                _settle(opened, about.risk, level=about.level, until=about.until, by=person.email)
    except IntegrityError as error:
        raise ConflictError("Somebody decided about this already.") from error
    return made


def withdraw_acceptance(*, actor: Actor, person: Person, proposal: str, because: str, now: datetime) -> RiskStep:
    """Takes an acceptance back: from now on nobody lives with that risk.

    Ledger: risk_step, and risk if it was the one that counts. Raises as decide_acceptance.
    """
    about = _proposal(actor, proposal)
    place = place_in(RISKS, about.risk.entry)
    with door(actor=actor, verb="accept_risk", now=now, because=because.strip(), place=place) as opened:
        steps = [one.step for one in about.steps.all()]
        if steps != ["accepted"]:
            raise ConflictError("It is not accepted, so there is nothing to take back.")
        if not because.strip():
            raise InvalidError({"because": ["Say why it no longer holds."]})
        made = _step(opened, about, person, number=2, step="withdrawn")
        last = (
            RiskStep.objects.filter(proposal__risk_id=about.risk_id, step="accepted").order_by("-recorded_at").first()
        )
        if last is not None and last.proposal_id == about.id:
            _settle(opened, about.risk, level="", until=None, by="")
    return made


def _scale(scale: str, told: str) -> tuple[MatrixScale | None, dict[str, list[str]]]:
    if len(told) > LONGEST_SCALE:
        return None, {"told": [f"It has {len(told):,} characters; {LONGEST_SCALE:,} are allowed."]}
    if told.strip():
        try:
            return own_scale(told), {}
        except LibraryError as error:
            return None, {"told": list(error.problems)}
    found = shipped_scales().get(scale)
    known = ", ".join(shipped_scales())
    return found, {} if found else {"scale": [f"There is no scale {scale!r}; known are {known}."]}


def _appetite_problems(scale: MatrixScale, appetite: Mapping[str, str]) -> dict[str, list[str]]:
    ids = [one.id for one in scale.levels]
    found = [f"{level!r} is no level of the scale; it has {', '.join(ids)}." for level in sorted(set(appetite.values()))
             if level not in ids]  # fmt: skip
    found += [f"{area!r} is no area." for area in sorted(set(appetite) - {"", *AREAS})]
    if "" not in appetite:
        found.append("Say the appetite for everything that has none of its own.")
    return {"appetite": found} if found else {}


def _left(risk: str, now: datetime) -> tuple[RiskLevel | None, RiskRules]:
    """The level of what is left, over everything there is: it must not depend on how much somebody sees."""
    found, rules = rated_risk(actor=ANNEXA, now=now, slug=risk)
    return found.residual.level if found.residual else None, rules


def _proposal(actor: Actor, proposal: str) -> RiskProposal:
    rows = RiskProposal.objects.visible_to(actor).select_related("risk", "by")
    found: RiskProposal | None = rows.filter(id=proposal).first()
    if found is None:
        raise NotFoundError(f"There is no proposal {proposal}.")
    return found


def _deciding_problems(
    actor: Actor, person: Person, about: RiskProposal, *, accept: bool, because: str, now: datetime
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {} if because else {"because": ["Say why."]}
    if not accept:
        return problems
    level, rules = _left(about.risk_id, now)
    ids = [one.id for one in rules.scale.levels]
    if level is None or about.level not in ids or ids.index(level.id) > ids.index(about.level):
        problems["proposal"] = ["What is left is not what was proposed any more; refuse it and propose anew."]
        return problems
    if about.until < now.date():
        problems["proposal"] = [f"It was proposed until {about.until}, which has passed."]
        return problems
    owner = Person.objects.filter(email__iexact=about.risk.entry.owner).values_list("pk", flat=True).first()
    leads = holds(actor, "choose_risk_scale")
    hands = Hands(owner=owner, proposer=about.by_id, decider=person.pk, leads=leads)
    if said := refused(rules.scale.levels[ids.index(about.level)], hands):
        problems[""] = [said]
    return problems


def _step(opened: Door, about: RiskProposal, person: Person, *, number: int, step: str) -> RiskStep:
    made = RiskStep(
        id=uuid.uuid4().hex, proposal=about, number=number, step=step, because=opened.because, recorded_at=opened.now,
        by=person,
    )  # fmt: skip
    opened.write(made, kind="risk_step", subject=f"risk_proposal/{about.id}")
    return made


def _settle(opened: Door, row: RegisterRow, *, level: str, until: date | None, by: str) -> None:
    """Writes into the risk itself what counts from now on, where checks, lists and exports find it."""
    fresh = TABLES[RISKS.noun].objects.select_for_update().get(slug=row.slug)
    values = {"accepted_level": level, "accepted_until": until, "accepted_by": by}
    replace(opened, fresh, RISKS.replaced(fresh.entry, values))
