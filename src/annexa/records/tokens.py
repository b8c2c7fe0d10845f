"""What programs sign in with: service accounts, tokens of which only a digest is kept, and their revocations."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.records.people import ROLES, Person
from annexa.records.recorded import Column, Recorded, at, because, by


class ServiceAccount(Recorded):
    """A program that acts in its own name, such as a pipeline: a slug, a name, a role, no password."""

    KIND = "service_account"
    KEY = "slug"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "created_at": at, "by_id": by}
    UNKEPT: ClassVar[Mapping[str, str]] = {"id": "A number of this database only; the slug is what identifies."}

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=ROLES)
    because = models.TextField(blank=True)
    created_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return self.name

    @property
    def actor_id(self) -> str:
        """How the ledger names it."""
        return f"service/{self.slug}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {"slug": self.slug, "name": self.name, "role": self.role}


class ApiToken(Recorded):
    """A token: for whom, for which verbs, until when. The secret itself is shown once and kept nowhere.

    `holder` is the actor's id, person/3 or service/pipeline. `units`: slugs of the units in which it counts, with those
    below them; empty: wherever its holder may act. The ledger commits to the digest, so that nobody can put
    the digest of a token of their own into the table unseen; of 256 random bits a digest tells nothing.
    """

    KIND = "api_token"
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": at, "by_id": by}
    UNKEPT: ClassVar[Mapping[str, str]] = {
        "last_used_at": "Only for whoever looks which tokens are still needed; nothing rests on it."
    }

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=100)
    holder = models.CharField(max_length=80, db_index=True)
    scopes = models.JSONField()
    units = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: everything but the secret."""
        return {
            "id": self.id,
            "name": self.name,
            "holder": self.holder,
            "scopes": self.scopes,
            "units": self.units,
            "sha256": self.sha256,
            "expires_at": self.expires_at.isoformat(),
        }


class TokenRevocation(Recorded):
    """The end of a token before its time, with the reason."""

    KIND = "token_revocation"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    token = models.OneToOneField(ApiToken, on_delete=models.PROTECT, related_name="revocation")
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"Revocation of {self.token_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "token": self.token_id}
