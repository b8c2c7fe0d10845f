"""Questions about uses of AI: what policy makes of a request today, what waits for whom, what staff may use."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from annexa.answers.actors import standing_grants, units
from annexa.answers.errors import UnknownError
from annexa.answers.registers import one_record, rows_of
from annexa.library.use_policy import use_policy
from annexa.pure.actors import number_of
from annexa.pure.permits import ANNEXA, Actor, Permit, Place, may, may_somewhere
from annexa.pure.register import Entry
from annexa.pure.registers.tools import TOOLS
from annexa.pure.registers.use_rules import USE_RULES
from annexa.pure.registers.uses import APPROVED, SETTLED, USES, same_person
from annexa.pure.uses import UNPLACED, Assessment, Fired, Rule, assess, own_rules, stands, waits
from annexa.records.people import Person
from annexa.records.registers import RegisterRow

AHEAD = timedelta(days=30)
"""How long before its end an approval asks to be renewed."""
MOST = 25
"""How many requests of a kind a page shows."""


@dataclass(frozen=True, kw_only=True)
class UseRequest:
    """A use of AI as its page and its row show it.

    `tool`: the name of its tool, `tool_owner`: who answers for that.
    `decides`, `withdraws`: whether the person may. `waits`: for a decision. `stands`: it is approved today. `due`: its
    approval ends soon, or has ended.
    """

    row: RegisterRow
    desk: "Desk"
    tool: str
    tool_owner: str
    mine: bool
    decides: bool
    withdraws: bool
    waits: bool
    stands: bool
    due: bool

    @cached_property
    def assessment(self) -> Assessment:
        """What policy makes of it today. Read only where it is shown: with many rules it takes longest."""
        return self.desk.assessed(self.row.entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRequests:
    """The requests that concern somebody: what waits for their decision, what is to be renewed, and their own.

    Of each the first few, with how many there are. `others`: how many wait for somebody else.
    """

    waiting: tuple[UseRequest, ...]
    waiting_total: int
    due: tuple[UseRequest, ...]
    due_total: int
    mine: tuple[UseRequest, ...]
    mine_total: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A tool as staff see it; `answer`: what would come of the use they ask about; None: they asked about none."""

    row: RegisterRow
    answer: Assessment | None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The catalogue and the rules as they are on a day, read once for many requests.

    Cost: one query for the tools, one for the rules once policy is asked; two for who is in which unit if need be.
    """

    on: date

    @cached_property
    def tools(self) -> Mapping[str, Entry]:
        """The catalogue, by slug."""
        return {row.slug: row.entry for row in rows_of(ANNEXA, TOOLS).order_by("id")}

    @cached_property
    def rules(self) -> Sequence[Rule]:
        """The organisation's own rules, whomever they bind."""
        rows = rows_of(ANNEXA, USE_RULES).exclude(ended_on__lte=self.on).defer("words").order_by("id")
        return tuple(own_rules(((row.slug, row.entry) for row in rows), on=self.on))

    def assessed(self, use: Entry) -> Assessment:
        """What policy makes of a request, by the rules for everybody and those of the units it is used in."""
        units = self._units(use) if self._of_units else frozenset()
        return assess(use, self.tools.get(use.tool), use_policy(), self.rules, on=self.on, units=units)

    @cached_property
    def _of_units(self) -> bool:
        return any(one.unit for one in self.rules)

    def _units(self, use: Entry) -> frozenset[str] | None:
        """Where something is used and what that lies below, by name in small letters: as it says, or where who asked
        works. None: nobody knows."""
        said = use.unit.strip().casefold()
        below = frozenset({said} - {""}) or self._works_in.get(use.asked_by.strip().casefold(), frozenset())
        return frozenset().union(*(self._above.get(one, {one}) for one in below)) if below else None

    @cached_property
    def _above(self) -> Mapping[str, frozenset[str]]:
        """Each unit by name with those it lies below."""
        tree = {one.slug: one for one in units()}
        found = {}
        for one in tree.values():
            line, at = [one], one
            while at.parent in tree and tree[at.parent] not in line:
                at = tree[at.parent]
                line.append(at)
            found[one.name.casefold()] = frozenset(unit.name.casefold() for unit in line)
        return found

    @cached_property
    def _works_in(self) -> Mapping[str, frozenset[str]]:
        """The units in which people have roles, by their address."""
        held = standing_grants(datetime.combine(self.on, time.max, UTC)).filter(unit__isnull=False)
        numbered = [(number_of(one.holder), one.unit.name.casefold()) for one in held if one.unit]
        emails = dict(Person.objects.filter(pk__in=[number for number, _ in numbered]).values_list("pk", "email"))
        found: dict[str, frozenset[str]] = {}
        for number, unit in numbered:
            if number in emails:
                address = str(emails[number]).casefold()
                found[address] = found.get(address, frozenset()) | {unit}
        return found


def units_to_ask_from(*, actor: Actor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The units in which who asks has a role, and every open unit, by name. Cost: two queries."""
    open_units = {one.slug: one.name for one in units() if not one.closed}
    held = standing_grants(timezone.now()).filter(holder=actor.id, unit__slug__in=list(open_units))
    mine = {open_units[one.unit.slug] for one in held if one.unit}
    return tuple(sorted(mine)), tuple(sorted(open_units.values(), key=str.casefold))


def tool_of(use: Entry) -> Entry | None:
    """The tool of a request as the catalogue has it; None if it is not there."""
    row = rows_of(ANNEXA, TOOLS).filter(slug=use.tool).first() if use.tool else None
    return row.entry if row else None


def use_request(*, actor: Actor, slug: str, now: datetime) -> UseRequest:
    """One request. Raises UnknownError."""
    row = one_record(actor=actor, register=USES, slug=slug)
    return _seen(row, actor, _address(actor), Desk(on=now.date()))


def use_requests(*, actor: Actor, now: datetime) -> UseRequests:
    """Everything about uses of AI that concerns somebody. Raises UnknownError for who may not ask for any."""
    if not isinstance(may_somewhere(actor, "ask_use"), Permit):
        raise UnknownError("There is nothing here for you.")
    desk, address = Desk(on=now.date()), _address(actor)
    standing = rows_of(actor, USES).exclude(ended_on__lte=now.date()).defer("words")
    mine = standing.filter(asked_by__iexact=address) if address else standing.none()
    charge = _in_charge(standing, actor, address, desk)
    undecided = standing.exclude(decision__in=SETTLED).exclude(in_use="no").order_by("asked_on", "id")
    waiting = _pick(undecided, charge)
    due = _pick(standing.filter(decision__in=APPROVED, review_on__lte=now.date() + AHEAD).order_by("review_on"), charge)

    def seen(rows: Iterable[RegisterRow]) -> tuple[UseRequest, ...]:
        return tuple(_seen(row, actor, address, desk) for row in rows)

    return UseRequests(
        waiting=seen(waiting[:MOST]),
        waiting_total=waiting.count(),
        due=seen(due[:MOST]),
        due_total=due.count(),
        mine=seen(mine.order_by("-asked_on", "-id")[:MOST]),
        mine_total=mine.count(),
        others=undecided.count() - waiting.count(),
    )


def uses_standing(*, actor: Actor, now: datetime) -> tuple[UseRequest, ...]:
    """Every use that waits for a decision, and every approval that ends soon or has ended, what was asked first on top.

    Cost: two queries, three if there is any.
    """
    soon = Q(decision__in=APPROVED, review_on__lte=now.date() + AHEAD)
    undecided = ~Q(decision__in=SETTLED) & ~Q(in_use="no")
    rows = rows_of(actor, USES).exclude(ended_on__lte=now.date()).filter(soon | undecided).defer("words")
    desk, address = Desk(on=now.date()), _address(actor)
    return tuple(_seen(row, actor, address, desk) for row in rows.order_by("asked_on", "id"))


def rules_known(*, actor: Actor) -> frozenset[str] | None:
    """The organisation's own rules that the actor may know of, by slug; None: all of them. Cost: one query at most."""
    if isinstance(may(actor, "read"), Permit):
        return None
    return frozenset(rows_of(actor, USE_RULES).values_list("slug", flat=True))


def told_to(known: frozenset[str] | None, found: Assessment) -> tuple[Fired, ...]:
    """What spoke of a request, without the organisation's own rules that somebody may not know of."""
    if known is None:
        return found.fired
    shipped = {one.id for one in use_policy().rules} | {"tool-conditions", "tool-approved", "not-approved"}
    shipped |= {UNPLACED.rule}
    return tuple(one for one in found.fired if one.rule in shipped or one.rule in known)


def list_use_requests(*, actor: Actor, of: str, now: datetime) -> tuple[UseRequest, ...]:
    """Requests, what was asked first on top: "waiting" for the actor's decision, "due" to be renewed by them, "mine",
    which they asked; else all that stand. Raises UnknownError for who may not ask for any. Cost: three queries.
    """
    if not isinstance(may_somewhere(actor, "ask_use"), Permit):
        raise UnknownError("There is nothing here for you.")
    if of == "waiting":
        return tuple(one for one in uses_standing(actor=actor, now=now) if one.decides and one.waits)
    if of == "due":
        return tuple(one for one in uses_standing(actor=actor, now=now) if one.decides and one.due)
    desk, address = Desk(on=now.date()), _address(actor)
    rows = rows_of(actor, USES).exclude(ended_on__lte=now.date()).defer("words").order_by("asked_on", "id")
    if of == "mine":
        rows = rows.filter(asked_by__iexact=address) if address else rows.none()
    return tuple(_seen(row, actor, address, desk) for row in rows)


def catalogue(*, actor: Actor, about: Entry | None, now: datetime) -> tuple[Offered, ...]:
    """The tools of the catalogue, those in use first; `about`: a use to be answered for each. Raises UnknownError."""
    if not isinstance(may_somewhere(actor, "ask_use"), Permit):
        raise UnknownError("There is nothing here for you.")
    desk = Desk(on=now.date())
    rows = rows_of(actor, TOOLS).exclude(ended_on__lte=now.date()).order_by("name", "slug")
    found = [
        Offered(row=row, answer=desk.assessed(USES.replaced(about, {"tool": row.slug})) if about else None)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: _RANK[one.row.entry.status]))


_RANK = {"approved": 0, "restricted": 1, "": 2, "unassessed": 2, "forbidden": 3}


def _address(actor: Actor) -> str:
    number = number_of(actor.id)
    found = Person.objects.filter(pk=number).values_list("email", flat=True).first() if number is not None else None
    return str(found or "")


def _in_charge(rows: QuerySet[Any], actor: Actor, address: str, desk: Desk) -> QuerySet[Any]:
    """Those of the requests that somebody may decide about: they lead there or own the tool, and did not ask."""
    places = Q(pk__in=[])
    if isinstance(may(actor, USES.change), Permit):
        places = Q()
    else:
        units = {unit for grant in actor.grants for unit in grant.units}
        led = [unit for unit in units if isinstance(may(actor, USES.change, Place(unit=unit)), Permit)]
        places = Q(unit__in=led)
        if isinstance(may_somewhere(actor, "decide_use"), Permit):
            places |= Q(tool__in=[slug for slug, tool in desk.tools.items() if same_person(tool.owner, address)])
    found = rows.filter(places)
    return found.exclude(asked_by__iexact=address) if address else found.none()


def _pick(rows: QuerySet[Any], charge: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(pk__in=charge.order_by().values("pk"))


def _seen(row: RegisterRow, actor: Actor, address: str, desk: Desk) -> UseRequest:
    use, tool = row.entry, desk.tools.get(row.entry.tool)
    place = Place(unit=use.unit.strip())
    mine = same_person(use.asked_by, address)
    leads = isinstance(may(actor, USES.change, place), Permit)
    owns = tool is not None and same_person(tool.owner, address) and isinstance(may(actor, "decide_use", place), Permit)
    over = USES.ended(use, desk.on)
    due = use.decision in APPROVED and use.review_on is not None and use.review_on <= desk.on + AHEAD
    return UseRequest(
        row=row,
        desk=desk,
        tool=tool.name if tool is not None else use.tool_named,
        tool_owner=tool.owner if tool is not None else "",
        mine=mine,
        decides=bool(address) and not mine and not over and (leads or owns),
        withdraws=not over and (mine or leads),
        waits=waits(use, desk.on),
        stands=stands(use, desk.on),
        due=due and not over,
    )
