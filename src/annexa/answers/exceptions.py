"""Exceptions from rules: what was decided about each, and who may decide about what is asked."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.answers.registers import one_record
from annexa.pure.exception_steps import Decider, asked_sha256, lacking, open_to_decision, refused, standing
from annexa.pure.permits import Actor, Permit, Place, Refusal, may
from annexa.pure.register import Entry
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.records.exceptions import ExceptionStep
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.registers import RegisterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionPage:
    """What was decided about an exception, the latest first, and what may be done about it now.

    `state`: as `standing` says. `lacking`: what is missing before it can be approved. `refusal`: why who
    asks may not decide, "" if they may. `may_withdraw`: they may take an approval back.
    """

    row: RegisterRow
    state: str
    steps: tuple[ExceptionStep, ...]
    lacking: tuple[str, ...]
    refusal: str
    may_withdraw: bool


def exception_page(*, actor: Actor, person: Person | None, slug: str, now: datetime) -> ExceptionPage:
    """One exception with its decisions. Raises UnknownError. Cost: some six queries."""
    row = one_record(actor=actor, register=EXCEPTIONS, slug=slug)
    entry, today = row.entry, now.date()
    steps = tuple(ExceptionStep.objects.filter(exception_id=slug).select_related("by").order_by("-turn"))
    permit = may(actor, "approve_exception", Place(unit=entry.unit.strip()))
    return ExceptionPage(
        row=row,
        state=standing(entry, today),
        steps=steps,
        lacking=tuple(
            f"{EXCEPTIONS.field[name].label}: {said}"
            for name, problems in lacking(entry, today).items()
            for said in problems
        )
        if open_to_decision(entry, today)
        else (),
        refusal=refusal(actor, person, entry, writers([slug]).get(slug, "")),
        may_withdraw=isinstance(permit, Permit) and person is not None,
    )


def refusal(actor: Actor, person: Person | None, entry: Entry, writer: str) -> str:
    """Why who asks may not decide about an exception; "" if they may. `writer`: as `writers` says."""
    permit = may(actor, "approve_exception", Place(unit=entry.unit.strip()))
    if isinstance(permit, Refusal):
        return permit.because
    if person is None:
        return "Only a person can approve an exception."
    wrote = writer == f"person/{person.pk}"
    return refused(entry, Decider(email=person.email, name=person.name, wrote=wrote))


def writers(slugs: Iterable[str]) -> Mapping[str, str]:
    """Who brought in what is asked, as it is now, by the exception: the actor of a ledger entry. Cost: two queries."""
    subjects = [f"{EXCEPTIONS.noun}/{slug}" for slug in slugs]
    entries = LedgerEntry.objects.filter(subject__in=subjects, kind=EXCEPTIONS.noun).order_by("position")
    told = list(entries.values_list("position", "subject", "actor"))
    bodies = dict(EntryBody.objects.filter(position__in=[one for one, _, _ in told]).values_list("position", "body"))
    asked: dict[str, str] = {}
    found: dict[str, str] = {}
    for position, subject, actor in told:
        slug = subject.partition("/")[2]
        digest = asked_sha256(EXCEPTIONS.read(json.loads(bytes(bodies[position]))["state"]))
        if asked.get(slug) != digest:
            asked[slug], found[slug] = digest, actor
    return found
