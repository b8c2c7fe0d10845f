"""Who has access to Annexa itself: people with their role, service accounts, and tokens that still let somebody in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from annexa.answers.actors import unended_grants
from annexa.pure.access_lists import AccessLine, Right, right_of
from annexa.pure.permits import VERBS, Actor, Refusal, may
from annexa.records.grants import RoleGrant
from annexa.records.people import Person
from annexa.records.tokens import ApiToken, ServiceAccount
from annexa.records.units import Unit
from annexa.records.visits import Visit

ANNEXA_NAME = "Annexa"


def own_access(*, actor: Actor, now: datetime) -> tuple[AccessLine, ...]:
    """Annexa's own access as a list: one line for each right that lets somebody in now. Cost: six queries.

    `ref` of a line says which record it stands for: person/3, service_account/pipeline, grant/…, api_token/….
    Who reads only a part of the organisation gets none: rights name units and AI systems of other parts.
    """
    if isinstance(may(actor, "read"), Refusal):
        return ()
    people = list(Person.objects.get_queryset().visible_to(actor).order_by("pk"))
    accounts = list(ServiceAccount.objects.visible_to(actor).order_by("slug"))
    tokens = ApiToken.objects.visible_to(actor).filter(revocation__isnull=True, expires_at__gt=now)
    seen = dict(Visit.objects.get_queryset().visible_to(actor).values_list("person_id", "seen_at"))  # type: ignore[attr-defined]
    held = [_of_person(one, seen.get(one.pk)) for one in people if one.is_active]
    held += [_of_account(one) for one in accounts]
    by_holder: dict[str, Person | ServiceAccount] = {f"person/{one.pk}": one for one in people}
    by_holder |= {one.actor_id: one for one in accounts}
    names = {one.pk: one.name for one in Unit.objects.all()}
    held += [
        _of_grant(one, holder, names)
        for one in unended_grants(now).order_by("starts_at", "id")
        if (holder := by_holder.get(one.holder)) is not None
    ]
    held += [_of_token(one, by_holder.get(one.holder)) for one in tokens.order_by("created_at", "id")]
    return tuple(replace(line, number=number) for number, line in enumerate(held, start=1))


def _of_person(person: Person, seen_at: datetime | None) -> AccessLine:
    return AccessLine(
        number=0,
        account=person.email,
        person=person.name,
        email=person.email,
        entitlement=person.get_role_display(),
        right=_of_role(person.role),
        last_used=seen_at.date() if seen_at else None,
        granted=person.created_at.date(),
        active="yes",
        ref=f"person/{person.pk}",
    )


def _of_account(account: ServiceAccount) -> AccessLine:
    return AccessLine(
        number=0,
        account=account.slug,
        person=account.name,
        entitlement=f"Service account: {account.get_role_display()}",
        right=_of_role(account.role),
        granted=account.created_at.date(),
        active="yes",
        ref=f"service_account/{account.slug}",
    )


def _of_grant(grant: RoleGrant, holder: Person | ServiceAccount, names: Mapping[int, str]) -> AccessLine:
    person = holder if isinstance(holder, Person) else None
    where = names.get(grant.unit_id or 0) or grant.system or "everywhere"
    until = f", until {grant.ends_at.date().isoformat()}" if grant.ends_at else ""
    return AccessLine(
        number=0,
        account=person.email if person else grant.holder.partition("/")[2],
        person=holder.name,
        email=person.email if person else "",
        entitlement=f"{grant.role.capitalize()} in {where}{until}",
        right=_of_role(grant.role),
        granted=grant.starts_at.date(),
        active="yes",
        ref=f"grant/{grant.id}",
    )


def _of_token(token: ApiToken, holder: Person | ServiceAccount | None) -> AccessLine:
    person = holder if isinstance(holder, Person) else None
    reads = set(token.scopes) <= {"read"}
    return AccessLine(
        number=0,
        account=person.email if person else token.holder.partition("/")[2],
        person=holder.name if holder else "",
        email=person.email if person else "",
        entitlement=f"Token {token.name} ({token.id[:8]}): {', '.join(token.scopes)}",
        right="use" if reads else _of_role(holder.role if holder else ""),
        last_used=token.last_used_at.date() if token.last_used_at else None,
        granted=token.created_at.date(),
        active="yes",
        ref=f"api_token/{token.id}",
    )


def _of_role(role: str) -> Right:
    """The kind of right of a role here: who adds people administers, who changes records modifies, auditors read."""
    if role in VERBS["add_person"]:
        return "administer"
    return "modify" if role in VERBS["change_system"] else right_of("read logs")
