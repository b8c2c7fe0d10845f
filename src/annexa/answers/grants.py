"""Questions about roles in parts of the organisation: who has which, where, until when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from annexa.answers.actors import ask_reads
from annexa.answers.errors import UnknownError
from annexa.pure.permits import Actor
from annexa.records.grants import GrantEnd, RoleGrant
from annexa.records.people import Person
from annexa.records.tokens import ServiceAccount

State = Literal["counts", "to come", "over", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLine:
    """A grant with the name of who holds it, and whether it counts. `end`: the row that ended it before its time."""

    grant: RoleGrant
    name: str
    state: State
    end: GrantEnd | None


def list_grants(*, actor: Actor, now: datetime, holder: str = "", counting: bool = False) -> tuple[GrantLine, ...]:
    """Every grant, the latest first; of one holder (person/3), or only those that count. Cost: three queries.

    Raises UnknownError for who may read nothing.
    """
    ask_reads(actor)
    rows = RoleGrant.objects.visible_to(actor).select_related("unit", "end").order_by("-recorded_at", "id")
    if holder:
        rows = rows.filter(holder=holder)
    names = {f"person/{pk}": name for pk, name in Person.objects.values_list("pk", "name")}
    names |= {f"service/{slug}": name for slug, name in ServiceAccount.objects.values_list("slug", "name")}
    found = (_line(row, names.get(row.holder, row.holder), now) for row in rows)
    return tuple(one for one in found if one.state == "counts" or not counting)


def one_grant(*, actor: Actor, grant: str, now: datetime) -> GrantLine:
    """One grant. Raises UnknownError for what there is not, or may not be known of."""
    found = next((one for one in list_grants(actor=actor, now=now) if one.grant.id == grant), None)
    if found is None:
        raise UnknownError(f"There is no grant {grant!r}.")
    return found


def _line(row: RoleGrant, name: str, now: datetime) -> GrantLine:
    end: GrantEnd | None = getattr(row, "end", None)
    state: State = (
        "ended" if end is not None
        else "to come" if row.starts_at > now
        else "over" if row.ends_at is not None and row.ends_at <= now
        else "counts"
    )  # fmt: skip
    return GrantLine(grant=row, name=name, state=state, end=end)
