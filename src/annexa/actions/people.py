"""People who may sign in."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from annexa.actions.door import Door, door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.sign_in import write_sessions_end
from annexa.answers.actors import actor_of
from annexa.answers.people import is_last_administrator
from annexa.pure.fields import tidy
from annexa.pure.permits import Actor
from annexa.records.people import ROLES, Person

__all__ = ["actor_of", "add_person", "change_password", "choose_theme", "first_administrator"]

LONGEST_NAME = 200
THEMES = ("system", "light", "dark")


def add_person(*, actor: Actor, email: str, name: str, role: str, password: str | None, now: datetime) -> Person:
    """Lets somebody sign in. Without a password they cannot, until one is set for them.

    No program makes an administrator. Ledger: person. Raises InvalidError with every problem, NotPermittedError.
    """
    problems = check_person(email=email, name=name, role=role, password=password)
    if problems:
        raise InvalidError(problems)
    with door(actor=actor, verb="add_person", now=now) as opened:
        refuse_program(actor, role)
        return make_person(opened, email=email, name=name, role=role, password=password, now=now)


def check_name(name: str, role: str) -> dict[str, list[str]]:
    """Everything that is wrong with a name and a role, by field."""
    problems: dict[str, list[str]] = {}
    if not 0 < len(tidy(name)) <= LONGEST_NAME:
        problems["name"] = [f"Give the person's name, at most {LONGEST_NAME} characters."]
    if role not in dict(ROLES):
        problems["role"] = [f"{role!r} is not a role; use one of {', '.join(dict(ROLES))}."]
    return problems


def refuse_program(actor: Actor, role: str) -> None:
    """Administrators are made by people who signed in: who finds a token cannot make one. Raises NotPermittedError."""
    if role == "administrator" and actor.scopes is not None:
        raise NotPermittedError("Administrators are made by people who signed in, not through a token.")


def refuse_last_administrator(person: Person, *, role: str = "administrator", active: bool = True) -> str:
    """Why somebody cannot stop being an administrator; "" if they can, or do not stop. Locks the administrators."""
    list(Person.objects.get_queryset().select_for_update().filter(role="administrator", is_active=True))
    stays = role == "administrator" and active
    if stays or not is_last_administrator(person):
        return ""
    how = " who can sign in with a password" if person.has_usable_password() else ""
    return f"{person.name} is the last administrator{how}; make somebody else one first."


def check_person(*, email: str, name: str, role: str, password: str | None) -> dict[str, list[str]]:
    """Everything that is wrong with what somebody typed about a person, by field."""
    problems: dict[str, list[str]] = {}
    try:
        validate_email(email.strip())
    except ValidationError:
        problems["email"] = [f"{email!r} is not an email address." if email else "Give an email address."]
    if Person.objects.filter(email__iexact=email.strip()).exists():
        problems["email"] = [f"{email.strip()} is known already."]
    if not tidy(name):
        problems["person_name"] = ["Give the person's name."]
    if role not in dict(ROLES):
        problems["role"] = [f"{role!r} is not a role; use one of {', '.join(dict(ROLES))}."]
    if password is not None:
        try:
            validate_password(password, user=Person(email=email, name=name))
        except ValidationError as error:
            problems["password"] = list(error.messages)
    return problems


def make_person(opened: Door, *, email: str, name: str, role: str, password: str | None, now: datetime) -> Person:
    """The row of a person, inside an open door."""
    person = Person(email=email.strip().lower(), name=tidy(name), role=role, created_at=now)
    if password is None:
        person.set_unusable_password()
    else:
        person.set_password(password)
    person.save()
    opened.note(person.state(), kind="person", subject=person.actor_id)
    return person


def person_named(email: str) -> Person:
    """Who has this address. Raises NotFoundError."""
    found: Person | None = Person.objects.filter(email__iexact=email.strip()).first()
    if found is None:
        raise NotFoundError(f"There is nobody with the address {email}.")
    return found


def set_password(*, actor: Actor, person: Person, password: str, now: datetime) -> None:
    """Sets a password for somebody who forgot it, and ends their sessions. Their second factors stay.

    For whoever has access to the machine only: a password set by somebody else lets them act as that person.
    Ledger: person, sessions_end. Raises InvalidError, NotPermittedError.
    """
    try:
        validate_password(password, user=person)
    except ValidationError as error:
        raise InvalidError({"password": list(error.messages)}) from error
    with door(actor=actor, verb="set_password_of_others", now=now, because="Set on the machine itself") as opened:
        row = Person.objects.select_for_update().get(pk=person.pk)
        row.set_password(password)
        opened.write(row, kind="person", subject=row.actor_id)
        write_sessions_end(opened, row)


def first_administrator() -> Person | None:
    """The administrator who was there first and may still sign in: in a demo organisation, who everybody enters as."""
    found: Person | None = Person.objects.filter(role="administrator", is_active=True).order_by("pk").first()
    return found


def choose_theme(*, actor: Actor, person: Person, theme: str, now: datetime) -> None:
    """Stores how somebody wants the pages to look. Ledger: preference. Raises InvalidError."""
    if theme not in THEMES:
        raise InvalidError({"theme": [f"{theme!r} is not a theme; use one of {', '.join(THEMES)}."]})
    with door(actor=actor, verb="choose_theme", now=now) as opened:
        person.theme = theme
        person.save(update_fields=["theme"])
        opened.note({"person": actor.id, "theme": theme}, kind="preference", subject=actor.id)


def change_password(*, actor: Actor, person: Person, password: str, now: datetime) -> None:
    """Sets a new password for oneself. Ledger: person (that it changed, never what it is). Raises InvalidError."""
    try:
        validate_password(password, user=person)
    except ValidationError as error:
        raise InvalidError({"password": list(error.messages)}) from error
    with door(actor=actor, verb="change_own_password", now=now) as opened:
        row = Person.objects.select_for_update().get(pk=person.pk)
        row.set_password(password)
        opened.write(row, kind="person", subject=actor.id)
        person.password = row.password
