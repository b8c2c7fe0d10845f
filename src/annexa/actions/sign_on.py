"""Letting in whom an identity provider vouches for: found, made or changed, each with its entry."""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from annexa.actions.door import Door, door
from annexa.actions.errors import NotPermittedError
from annexa.actions.people import make_person
from annexa.answers.people import is_last_administrator
from annexa.pure.fields import tidy
from annexa.pure.group_roles import GroupRole
from annexa.pure.permits import ANNEXA
from annexa.pure.sign_on import Asserted, role_from
from annexa.records.people import Person
from annexa.records.sign_in import ProviderIdentity

LONGEST_NAME = 200
log = logging.getLogger("annexa.sign_in")


def sign_in_by_provider(
    asserted: Asserted, *, roles: Sequence[GroupRole], default: str, trusted: bool, now: datetime
) -> Person:
    """Who it is that a provider vouches for. Ledger: person, provider_identity, each where something is new.

    Known by the provider's own name for them; at first by their address, if the provider says that it is theirs, or is
    `trusted` to know. Their role is what their groups say, each time; the last administrator who can sign in with a
    password stays one. Raises NotPermittedError with a sentence for whoever tried.
    """
    role = role_from(asserted.groups, roles, default=default)
    if not role:
        raise NotPermittedError(
            "None of your groups has a role here. Ask an administrator of your organisation which group you need."
        )
    with door(actor=ANNEXA, verb="sign_in_by_provider", now=now, because=f"Said by {asserted.issuer}") as opened:
        known = ProviderIdentity.objects.filter(issuer=asserted.issuer, subject=asserted.subject).first()
        person = _locked(known.person_id) if known else _by_address(asserted, trusted=trusted)
        if person is None:
            person = make_person(opened, email=asserted.email, name=_name(asserted), role=role, password=None, now=now)
        if not person.is_active:
            raise NotPermittedError("You may not sign in here any more. Ask an administrator of your organisation.")
        if known is None:
            _link(opened, asserted, person, now=now)
        _bring_up_to_date(opened, asserted, person, role)
    return person


def _locked(pk: int) -> Person:
    found: Person = Person.objects.select_for_update().get(pk=pk)
    return found


def _by_address(asserted: Asserted, *, trusted: bool) -> Person | None:
    """Who has the address; None for somebody new. Raises NotPermittedError unless the provider stands for it."""
    try:
        validate_email(asserted.email)
    except ValidationError as error:
        raise NotPermittedError("Your provider tells no email address of yours; at first it has to.") from error
    if not (asserted.email_verified or trusted):
        raise NotPermittedError(
            f"Your provider does not say that {asserted.email} is verified, so it cannot be told whose it is."
        )
    found: Person | None = Person.objects.select_for_update().filter(email__iexact=asserted.email).first()
    return found


def _link(opened: Door, asserted: Asserted, person: Person, *, now: datetime) -> None:
    if ProviderIdentity.objects.filter(issuer=asserted.issuer, person=person).exists():
        raise NotPermittedError(
            f"{person.email} is somebody else at your provider already. Ask an administrator of your organisation."
        )
    row = ProviderIdentity(
        id=uuid.uuid4().hex, person=person, issuer=asserted.issuer, subject=asserted.subject, recorded_at=now
    )
    opened.write(row, kind="provider_identity", subject=f"provider_identity/{row.id}")


def _bring_up_to_date(opened: Door, asserted: Asserted, person: Person, role: str) -> None:
    """Name and role as the provider says them now."""
    before = (person.name, person.role)
    person.name = _name(asserted) if tidy(asserted.name) else person.name
    if role != "administrator" and is_last_administrator(person):
        if person.role != role:
            log.warning("%s stays an administrator: nobody else can sign in as one by password.", person.actor_id)
    else:
        person.role = role
    if before != (person.name, person.role):
        opened.write(person, kind="person", subject=person.actor_id)


def _name(asserted: Asserted) -> str:
    return (tidy(asserted.name) or asserted.email.partition("@")[0])[:LONGEST_NAME]
