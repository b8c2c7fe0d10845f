"""People who sign in."""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.db import models

from annexa.pure.actors import person_id
from annexa.pure.permits import Actor, Permit, may
from annexa.records.guard import GuardedQuerySet
from annexa.records.recorded import Column, Recorded, first_at

ROLES = (
    ("administrator", "Administrator"),
    ("lead", "Compliance lead"),
    ("owner", "Owner"),
    ("auditor", "Auditor"),
    ("member", "Member"),
    ("external", "From outside"),
)


class PersonQuerySet(GuardedQuerySet["Person"]):
    """Finds the people somebody may know of: everybody for who works here, oneself for who comes from outside."""

    def visible_to(self, actor: Actor) -> "PersonQuerySet":
        """The people this actor may know of."""
        if any(isinstance(may(actor, verb), Permit) for verb in ("read_people", "provision")):
            return self.all()
        kind, _, key = actor.id.partition("/")
        return self.filter(pk=int(key)) if kind == "person" and key.isdecimal() else self.none()


class PersonManager(BaseUserManager["Person"]):
    """Finds people by their address, in any case of letters."""

    def get_queryset(self) -> PersonQuerySet:
        """Guarded like every record."""
        return PersonQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "Person":
        """The person with that email address."""
        return self.get(email__iexact=username)


class Person(Recorded, AbstractBaseUser):
    """Somebody who signs in: an address, a name, a role. Passwords are hashed with scrypt.

    The ledger keeps a digest of that hash, which holds a random salt: it tells nothing about the password, and shows
    where one was put into the table directly, to act as somebody else.
    """

    KIND = "person"
    KEY = ""
    ONCE = False
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at}
    UNKEPT: ClassVar[Mapping[str, str]] = {"theme": "Only how pages look; each choice is an entry of its own."}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"is_active": "active", "password": lambda _told: make_password(None)}

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=ROLES)
    is_active = models.BooleanField(default=True)
    theme = models.CharField(max_length=10, default="system")
    created_at = models.DateTimeField()

    last_login = None
    objects: ClassVar[Any] = PersonManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is this person's password. Never rewrites the hash on the way: writing is for actions."""
        return check_password(raw_password, self.password)

    @property
    def actor_id(self) -> str:
        """Who they are in the ledger."""
        return person_id(self.pk)

    def state(self) -> dict[str, object]:
        """What the ledger keeps: who may do what, no secret."""
        return {
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "active": self.is_active,
            "password_digest": hashlib.sha256(self.password.encode()).hexdigest(),
        }
