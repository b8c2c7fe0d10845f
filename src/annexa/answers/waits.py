"""What waits for people because a record says so: decisions that were asked for, and what is to be looked at again.

Evidence and checks are tasks of controls (`renewals`); this is about records themselves: uses of AI, risks, documents,
questionnaires, suppliers, training, the statement of applicability, AI systems whose risks nobody has judged since they
changed, and what monitors found.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db.models import Exists, OuterRef, Q

from annexa.answers.assessments import waiting_assessments
from annexa.answers.documents import life, offers_to, to_read
from annexa.answers.exceptions import refusal, writers
from annexa.answers.monitor_history import breaches_waiting
from annexa.answers.oversight_waits import cases_waiting, releases_asked
from annexa.answers.owners import key_of
from annexa.answers.posture import Standpoint
from annexa.answers.registers import rows_of
from annexa.answers.risk_scale import rules_at
from annexa.answers.risks import rated_by
from annexa.answers.supplier_incidents import SupplierIncident, asking_for_review, open_incidents
from annexa.answers.training import waiting_training
from annexa.answers.uses import uses_standing
from annexa.library.questionnaires import questionnaires
from annexa.pure.assignments import Standing
from annexa.pure.checks.uses import ANSWER_DAYS
from annexa.pure.document_steps import SOON
from annexa.pure.exception_steps import lacking
from annexa.pure.facts import ORGANISATION
from annexa.pure.material import judged_on
from annexa.pure.owners import Owner, Owners
from annexa.pure.permits import ANNEXA, Actor, Permit, Place, holds, may
from annexa.pure.register import Entry, Register
from annexa.pure.registers.documents import DOCUMENTS, addresses
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.risk_acceptance import Accepted, Hands, lapsed, refused
from annexa.records.documents import DocumentStep
from annexa.records.people import Person
from annexa.records.questionnaires import QuestionnaireStep
from annexa.records.risks import RiskProposal
from annexa.records.soa import StatementVersion

DECIDE_WITHIN = timedelta(days=14)
"""Ten working days: by when what was asked for is to be decided, where nothing else sets a day."""
AHEAD = timedelta(days=30)
"""How long before its day something to look at again stands among the tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing that a record asks of people. `decision`: somebody asked, and waits for yes or no.

    `title` says what is to be done, `why` what it is about, without a full stop. `owner`: whose it is, where that is
    one person; None: of several, or of nobody. `mine`: who asks may do it. `address`: the page to do it on, from the
    root. `systems`: how many AI systems it is about, the first of which is `scope_name`.
    """

    title: str
    why: str
    owner: Owner | None
    due_on: date | None
    mine: bool
    address: str
    decision: bool = False
    scope: str = ORGANISATION
    scope_name: str = "Organisation"
    systems: int = 0


def waits(*, actor: Actor, stand: Standpoint, held: Owners, now: datetime) -> tuple[Wait, ...]:
    """Everything of this kind that the actor may know of, what is due first on top. Cost: some fifteen queries."""
    desk = _Desk(actor=actor, stand=stand, held=held, now=now)
    found = [one for kind in KINDS for one in kind(desk)]
    return tuple(sorted(found, key=lambda one: (one.due_on or date.max, one.title, one.address)))


def assessments_waiting(*, actor: Actor, stand: Standpoint, held: Owners, now: datetime) -> Iterator[Wait]:
    """Impact assessments that wait for their approval, and those to be done anew. Cost: see waiting_assessments."""
    approvals, outdated = waiting_assessments(actor=actor, stand=stand, now=now)
    for waiting in approvals:
        asked = waiting.step
        yield Wait(
            title=f"Decide about the assessment: {waiting.title}",
            why=f"Version {asked.assessment.number}, handed in by {asked.by.name}",
            scope=asked.assessment.scope,
            scope_name=waiting.system,
            owner=None,
            due_on=asked.recorded_at.date() + DECIDE_WITHIN,
            mine=waiting.mine,
            address=f"/assessments/{asked.assessment_id}#decide",
            decision=True,
        )
    for one in outdated:
        days = [day for _, day in one.changes if day]
        ended = one.approval.until if one.approval else None
        owner = held.systems.get(one.system.slug)
        yield Wait(
            title=f"Assess anew: {one.form.title}",
            why="The system changed" if one.changes else "The approval has ended",
            scope=one.system.slug,
            scope_name=one.system.name,
            owner=owner,
            due_on=min(days) + DECIDE_WITHIN if days else ended if not one.changes else None,
            mine=_is(owner, key_of(actor)),
            address=f"/systems/{one.system.slug}/assessments",
        )


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """What all kinds need. Lives only for one answer."""

    actor: Actor
    stand: Standpoint
    held: Owners
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    @cached_property
    def me(self) -> Person | None:
        """The person who asks; None for the program."""
        number = key_of(self.actor)
        return next((one for one in self._people if one.pk == number), None)

    @cached_property
    def _people(self) -> Sequence[Person]:
        return list(Person.objects.all())  # names only, of whom what can be seen speaks

    @cached_property
    def _by_address(self) -> Mapping[str, Owner]:
        return {one.email.casefold(): Owner(name=one.name, person=one.pk) for one in self._people}

    @cached_property
    def incidents(self) -> tuple[SupplierIncident, ...]:
        """What went wrong at suppliers and is not closed."""
        return open_incidents(actor=self.actor, now=self.now)

    def owner(self, said: str) -> Owner | None:
        """Who is written down as an owner."""
        known = self._by_address.get(said.strip().casefold())
        return known or (Owner(name=said.strip()) if said.strip() else None)

    def named(self, said: str) -> str:
        """Who is written down, by name."""
        known = self.owner(said)
        return known.name if known else said

    def one_of(self, said: Iterable[str]) -> Owner | None:
        """The one person among these addresses; None where there are several, or none."""
        named = [one for one in said if one.strip()]
        return self.owner(named[0]) if len(named) == 1 else None

    def mine(self, owner: Owner | None) -> bool:
        """Whether who asks is that person."""
        return self.me is not None and _is(owner, self.me.pk)

    def may(self, verb: str, entry: Entry) -> bool:
        """Whether who asks may do this where a record belongs."""
        unit = str(entry.values.get("unit", "")).strip()
        return isinstance(may(self.actor, verb, Place(unit=unit)), Permit)

    def counting(self, register: Register, *narrowed: Q) -> list[tuple[str, Entry]]:
        """The records of a register that count today, narrowed by the database."""
        rows = rows_of(self.actor, register).filter(*narrowed).defer("words").order_by("slug")
        return [(row.slug, one) for row in rows if not register.ended(one := row.entry, self.today)]


# --- uses of AI


def _uses(desk: _Desk) -> Iterator[Wait]:
    for one in uses_standing(actor=desk.actor, now=desk.now):
        use = one.row.entry
        due_on = use.review_on if one.due else use.asked_on and use.asked_on + timedelta(days=ANSWER_DAYS - 1)
        over = use.review_on is not None and use.review_on <= desk.today
        asker = desk.owner(use.asked_by)
        yield Wait(
            title=f"Renew the use of AI: {use.name}" if one.due else f"Decide about the use of AI: {use.name}",
            why=(
                f"Its approval {'has ended' if over else 'ends'}"
                if one.due
                else f"Asked for by {asker.name if asker else use.asked_by}"
            )
            + (f"; {one.tool}" if one.tool else ""),
            owner=desk.owner(one.tool_owner),
            due_on=due_on,
            mine=one.decides,
            address=f"/uses/requests/{one.row.slug}",
            decision=not one.due,
        )


# --- risks


def _proposals(desk: _Desk) -> Iterator[Wait]:
    rows = RiskProposal.objects.visible_to(desk.actor).filter(steps__isnull=True).select_related("risk", "by")
    found = list(rows.order_by("recorded_at"))
    levels = {one.id: one for one in rules_at(desk.now).scale.levels} if found else {}
    leads = holds(desk.actor, "choose_risk_scale")
    for one in found:
        risk, level = one.risk.entry, levels.get(one.level)
        owner = desk.owner(risk.owner)
        hands = Hands(
            owner=owner.person if owner else None,
            proposer=one.by_id,
            decider=desk.me.pk if desk.me else None,
            leads=leads,
        )
        said = level.title.lower() if level else one.level
        mine = level is not None and desk.may("accept_risk", risk) and not refused(level, hands)
        yield Wait(
            title=f"Decide whether to accept: {risk.name}",
            why=f"Proposed by {one.by.name} at {said}: {one.because.rstrip('. ')}",
            owner=None if owner and owner.person == one.by_id else owner,
            due_on=min(one.recorded_at.date() + DECIDE_WITHIN, one.until),
            mine=mine,
            address=f"/risks/{one.risk_id}#accept-h",
            decision=True,
        )


def _acceptances(desk: _Desk) -> Iterator[Wait]:
    """Acceptances that end soon, have ended, or cover less than what is left by now; not while a new one waits."""
    found = desk.counting(RISKS, ~Q(accepted_level=""), Q(accepted_until__isnull=False))
    if not found:
        return
    asked = RiskProposal.objects.filter(steps__isnull=True, risk__in=[slug for slug, _ in found])
    waiting = {str(one) for one in asked.values_list("risk_id", flat=True)}
    rules = rules_at(desk.now)
    for rated in rated_by(desk.stand, rules, [one for one in found if one[0] not in waiting]):
        risk, left = rated.entry, rated.residual
        signed = Accepted(level=risk.accepted_level, until=risk.accepted_until)
        because = lapsed(signed, left.level if left else None, rules.scale, desk.today)
        if not because and risk.accepted_until > desk.today + AHEAD:
            continue
        owner = desk.owner(risk.owner)
        yield Wait(
            title=f"Accept anew or treat: {risk.name}",
            why=because.rstrip(".") or f"Its acceptance ends after {risk.accepted_until}",
            owner=owner,
            due_on=min(risk.accepted_until, desk.today) if because else risk.accepted_until,
            mine=desk.mine(owner),
            address=f"/risks/{rated.slug}#accept-h",
        )


def _systems(desk: _Desk) -> Iterator[Wait]:
    """AI systems that changed materially since their risks were judged, or whose risks nobody judged, by owner."""
    rows = rows_of(ANNEXA, RISKS).exclude(systems=[]).defer("words")  # whether one is judged, all see alike
    judged = judged_on(one for row in rows if not RISKS.ended(one := row.entry, desk.today))
    lives = desk.stand.engine.records.changed
    found: dict[tuple[Owner | None, bool], list[tuple[date, str]]] = {}
    for slug in desk.stand.systems:
        last, since = judged.get(slug), lives[slug]
        if last is None:
            found.setdefault((desk.held.systems.get(slug), True), []).append((since.known.date(), slug))
        elif since.changed is not None and last < since.changed.date():
            found.setdefault((desk.held.systems.get(slug), False), []).append((since.changed.date(), slug))
    for (owner, new), there in found.items():
        day, first = min(there)
        yield Wait(
            title="Judge the risks of a new AI system" if new else "Judge the risks again: the AI system changed",
            why="No risk with an owner and a rating leads to it"
            if new
            else f"It is materially another one since {day}",
            scope=first,
            scope_name=desk.stand.name_of(first),
            owner=owner,
            due_on=day + DECIDE_WITHIN,
            mine=desk.mine(owner),
            address=f"/systems/{first}",
            systems=len(there),
        )


# --- documents


def _documents(desk: _Desk) -> Iterator[Wait]:
    rows = dict(desk.counting(DOCUMENTS, Q(slug__in=DocumentStep.objects.values("document_id"))))
    steps: dict[str, list[DocumentStep]] = {}
    held = DocumentStep.objects.filter(document_id__in=rows).select_related("author", "by").order_by("turn")
    for step in held if rows else ():
        steps.setdefault(step.document_id, []).append(step)
    for slug, happened in steps.items():
        yield from _document(desk, slug, rows[slug], happened)


def _document(desk: _Desk, slug: str, entry: Entry, happened: Sequence[DocumentStep]) -> Iterator[Wait]:
    stands = life(happened, desk.today)
    offers = offers_to(entry, stands, desk.me) if desk.me else frozenset()
    latest, last = stands.latest, happened[-1]
    asked_on = last.recorded_at.date() + DECIDE_WITHIN
    address = f"/documents/{slug}/versions#waits"
    if latest is not None and latest.state == "in review":
        readers = [one for one in addresses(entry.reviewers) if one not in latest.agreed]
        verb, words = ("agree", "Review") if readers else ("approve", "Approve")
        permit = "review_document" if readers else "approve_document"
        yield Wait(
            title=f"{words} the document: {entry.name}",
            why=f"Version {latest.number} waits for {', '.join(readers) or entry.approver or 'an approver'}",
            owner=desk.one_of(readers or [entry.approver]),
            due_on=asked_on,
            mine=verb in offers and desk.may(permit, entry),
            address=address,
            decision=True,
        )
    elif latest is not None and latest.state in ("approved", "returned"):
        owner = desk.owner(entry.owner)
        yield Wait(
            title=f"{'Publish' if latest.state == 'approved' else 'Mend'} the document: {entry.name}",
            why=f"Version {latest.number} is approved"
            if latest.state == "approved"
            else f"Version {latest.number} was returned: {last.because.rstrip('. ')}",
            owner=owner,
            due_on=asked_on,
            mine=desk.mine(owner),
            address=address,
        )
    if stands.review_by is not None and stands.review_by < desk.today + SOON:
        approver = desk.owner(entry.approver or entry.owner)
        yield Wait(
            title=f"Look at the document again: {entry.name}",
            why=f"Version {stands.in_force} counts until {stands.review_by} without a review",
            owner=approver,
            due_on=stands.review_by,
            mine=desk.mine(approver),
            address=address,
        )


def _readings(desk: _Desk) -> Iterator[Wait]:
    """What who asks is to read themselves; how far others are stands with the document."""
    for one in to_read(person=desk.me, now=desk.now) if desk.me else ():
        if one.due_on is not None:
            yield Wait(
                title=f"Read the document: {one.force.row.name}",
                why=f"You were asked to say that you have read version {one.force.number}",
                owner=Owner(name=desk.me.name, person=desk.me.pk) if desk.me else None,
                due_on=one.due_on,
                mine=True,
                address=f"/reading/{one.force.row.slug}",
            )


# --- the statement, questionnaires, suppliers


def _statement(desk: _Desk) -> Iterator[Wait]:
    if not isinstance(may(desk.actor, "read"), Permit):
        return
    rows = StatementVersion.objects.visible_to(desk.actor).filter(decision__isnull=True).select_related("by")
    for one in rows.defer("content").order_by("number"):
        decides = isinstance(may(desk.actor, "decide_statement"), Permit)
        yield Wait(
            title=f"Decide about the statement of applicability, version {one.number}",
            why=f"Asked for by {one.by.name}",
            owner=None,
            due_on=one.recorded_at.date() + DECIDE_WITHIN,
            mine=decides and desk.me is not None and desk.me.pk != one.by_id,
            address=f"/statement/versions/{one.number}",
            decision=True,
        )


def _questionnaires(desk: _Desk) -> Iterator[Wait]:
    later = QuestionnaireStep.objects.filter(sent=OuterRef("sent"), number__gt=OuterRef("number"))
    steps = QuestionnaireStep.objects.filter(step="handed in").exclude(Exists(later)).select_related("sent__by")
    handed = list(steps.order_by("recorded_at", "id"))
    slugs = {one.sent.supplier for one in handed}
    rows = {row.slug: row.entry for row in rows_of(desk.actor, SUPPLIERS).filter(slug__in=slugs)} if slugs else {}
    for one in (step for step in handed if step.sent.supplier in rows):
        supplier = rows[one.sent.supplier]
        owner = desk.owner(supplier.owner) or Owner(name=one.sent.by.name, person=one.sent.by_id)
        asked = questionnaires().get(one.sent.questionnaire)
        yield Wait(
            title=f"Judge the answers of {supplier.name}",
            why=f"{asked.title if asked else one.sent.questionnaire}, handed in by {one.signed}",
            owner=owner,
            due_on=one.recorded_at.date() + DECIDE_WITHIN,
            mine=desk.may("judge_questionnaire", supplier)
            and (desk.mine(owner) or (desk.me is not None and one.sent.by_id == desk.me.pk)),
            address=f"/due-diligence/{one.sent_id}#judge",
            decision=True,
        )


def _exceptions(desk: _Desk) -> Iterator[Wait]:
    """Exceptions that wait for approval, end within a month, or ended while the rule is still not kept to."""
    soon = Q(until__lte=desk.today + AHEAD) | Q(approved_on__isnull=True)
    rows = rows_of(desk.actor, EXCEPTIONS).filter(soon).defer("words").order_by("slug")
    found = [row for row in rows if not EXCEPTIONS.ended(row.entry, desk.today)]
    wrote = writers([row.slug for row in found if row.approved_on is None])
    for row in found:
        one, owner = row.entry, desk.owner(row.owner)
        missing = lacking(one, desk.today) if one.approved_on is None else {}
        decision = one.approved_on is None and not missing
        if decision:
            title, why = f"Decide about the exception: {one.name}", f"Asked for by {desk.named(one.asked_by)}"
        elif missing:
            title = f"Complete the exception: {one.name}"
            labels = ", ".join(EXCEPTIONS.field[name].label.lower() for name in missing)
            why = f"Nobody can approve it as it is: {labels}"
        else:
            title = f"End or extend the exception: {one.name}"
            why = f"It {'ended' if one.until < desk.today else 'ends'} after {one.until}"
        yield Wait(
            title=title,
            why=why,
            owner=None if decision else owner or desk.owner(one.asked_by),
            due_on=min(row.changed_at.date() + DECIDE_WITHIN, one.until) if decision else one.until,
            mine=not refusal(desk.actor, desk.me, one, wrote.get(row.slug, ""))
            if decision
            else desk.mine(owner or desk.owner(one.asked_by)),
            address=f"/exceptions/{row.slug}#approval-h",
            decision=decision,
        )


def _suppliers(desk: _Desk) -> Iterator[Wait]:
    """Suppliers whose review is due, or at whom a serious incident is open that nobody has looked at them since."""
    serious = [one for one in desk.incidents if one.serious]
    due = Q(next_review_on__lte=desk.today + AHEAD) | Q(slug__in=[one.entry.supplier for one in serious])
    suppliers = dict(desk.counting(SUPPLIERS, due))
    asked = asking_for_review(serious, suppliers)
    for slug, supplier in suppliers.items():
        incident, review_on = asked.get(slug), supplier.next_review_on
        planned = review_on if review_on is not None and review_on <= desk.today + AHEAD else None
        if incident is None and planned is None:
            continue
        since = incident.entry.known_on + DECIDE_WITHIN if incident and incident.entry.known_on else None
        first = incident is not None and (planned is None or since is None or since <= planned)
        looked = f"Last looked at on {supplier.assessed_on}" if supplier.assessed_on else "It was never looked at"
        owner = desk.owner(supplier.owner)
        yield Wait(
            title=f"Look at the supplier again: {supplier.name}",
            why=f"A {incident.entry.severity} incident is open there: {incident.entry.name}"
            if incident and first
            else looked,
            owner=owner,
            due_on=since if first else planned,
            mine=desk.mine(owner),
            address=f"/suppliers/{slug}",
        )


def _incidents(desk: _Desk) -> Iterator[Wait]:
    """Incidents at suppliers that are open: to be judged first, then to be closed in the time of their severity."""
    names = dict(rows_of(desk.actor, SUPPLIERS).filter(slug__in={one.entry.supplier for one in desk.incidents})
                 .values_list("slug", "name")) if desk.incidents else {}  # fmt: skip
    for one in desk.incidents:
        owner, incident = desk.owner(one.entry.owner), one.entry
        at = names.get(incident.supplier, "")
        yield Wait(
            title=f"Close the supplier incident: {incident.name}"
            if one.close_by
            else f"Say how bad it is and since when it is known: {incident.name}",
            why=f"{incident.severity.capitalize() or 'Unjudged'}, at {at}" if at else "An incident at a supplier",
            owner=owner,
            due_on=one.close_by or (incident.known_on and incident.known_on + DECIDE_WITHIN),
            mine=desk.mine(owner),
            address=f"/supplier-incidents/{one.slug}",
        )


def _is(owner: Owner | None, person: int | None) -> bool:
    return owner is not None and person is not None and owner.person == person


def _training(desk: _Desk) -> Iterator[Wait]:
    """What who asks has to take themselves; how far others are stands on the board of training."""
    for one in waiting_training(person=desk.me.pk, now=desk.now) if desk.me else ():
        yield Wait(
            title=f"Take the training: {one.title}" if one.course else f"Show that you have: {one.title}",
            why=TRAINING_WHY[one.standing],
            owner=Owner(name=desk.me.name, person=desk.me.pk) if desk.me else None,
            due_on=one.due_on,
            mine=True,
            address=f"/courses/{one.course}" if one.course else "/training",
        )


def _cases(desk: _Desk) -> Iterator[Wait]:
    """Decisions of AI systems that wait for a human, one line for each system."""
    for one in cases_waiting(actor=desk.actor, now=desk.now):
        mine = one.mine > 0
        many = one.mine if mine else one.all
        yield Wait(
            title=f"Decide about {'a case' if many == 1 else f'{many} cases'} of {one.name}",
            why="What nobody decides in time falls to the default",
            scope=one.system,
            scope_name=one.name,
            owner=Owner(name=desk.me.name, person=desk.me.pk) if mine and desk.me else None,
            due_on=one.until.date(),
            mine=mine,
            address=f"/oversight?system={one.system}",
            decision=True,
        )


def _releases(desk: _Desk) -> Iterator[Wait]:
    """Stopped AI systems that somebody asks to let go on."""
    for one in releases_asked(actor=desk.actor):
        yield Wait(
            title=f"Answer whether {one.name} may go on",
            why=f"It is stopped; {one.by} asks: {one.because.rstrip('. ')}",
            scope=one.system,
            scope_name=one.name,
            owner=None,
            due_on=one.at.date(),
            mine=one.mine,
            address=f"/oversight/systems/{one.system}#switch",
            decision=True,
        )


def _breaches(desk: _Desk) -> Iterator[Wait]:
    """What monitors found in AI systems and nobody has dealt with, for the owner of the system."""
    for one in breaches_waiting(actor=desk.actor):
        owner = desk.held.systems.get(one.breach.system)
        yield Wait(
            title=f"Look into what a monitor found: {one.title}",
            why=one.breach.says.rstrip(". "),
            scope=one.breach.system,
            scope_name=one.system_name,
            owner=owner,
            due_on=one.due_on,
            mine=desk.mine(owner),
            address=f"/systems/{one.breach.system}/monitors#breach-{one.breach.id}",
            decision=True,
        )


TRAINING_WHY: Mapping[Standing, str] = {
    "expired": "What you completed holds no more",
    "expiring": "What you completed soon holds no more",
    "overdue": "A rule asks it of you",
    "due": "A rule asks it of you",
}


KINDS = (
    _uses, _proposals, _acceptances, _systems, _documents, _readings, _training, _statement, _questionnaires,
    _suppliers, _incidents, _exceptions, _cases, _releases, _breaches,
)  # fmt: skip
