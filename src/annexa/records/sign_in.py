"""What people prove themselves with beside a password, and what signing in leaves for a while.

Second factors and the names that a provider knows people by are records: whoever put one into the table could act as
somebody else. Tries, places and sessions are not: nothing rests on them, and they are swept.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.records.guard import Guarded
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

TOTP, PASSKEY, RECOVERY_CODES = "totp", "passkey", "recovery_codes"
ONLY_DIGEST = "sha256:"
"""Before the digest of what a factor was proven with, where that itself is gone: in a row rebuilt from the ledger."""
WHAT = ((TOTP, "Code app"), (PASSKEY, "Passkey"), (RECOVERY_CODES, "Recovery codes"))


class SecondFactor(Recorded):
    """Something a person has: an app that shows codes, a passkey, or a list of recovery codes.

    `kept`: of an app its secret, encrypted under the secret key; of a passkey its public key; of recovery codes their
    digests. The ledger commits to a digest of that, so that nobody can put a factor of their own into the table unseen;
    of a factor that was rebuilt only this digest is there, and such a factor has ended.
    `credential`: SHA-256 of a passkey's id, by which it is found; None for the others.
    """

    KIND = "second_factor"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}
    UNKEPT: ClassVar[Mapping[str, str]] = {
        "counter": "The last code or signature that was taken, so that none is taken twice; it moves with each.",
        "used": "Which recovery codes were used; to take a mark away helps only who has the code.",
        "last_used_at": "Only for whoever looks which factors are still needed; nothing rests on it.",
    }
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"kept": lambda told: ONLY_DIGEST + told.state["kept_digest"]}
    FOLLOWED = ("removal",)

    id = models.CharField(max_length=40, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="second_factors")
    what = models.CharField(max_length=20, choices=WHAT)
    name = models.CharField(max_length=100)
    kept = models.TextField()
    credential = models.CharField(max_length=64, null=True, unique=True)
    recorded_at = models.DateTimeField()
    counter = models.BigIntegerField(default=0)
    used = models.JSONField(default=list)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: whose it is and a digest of what it is proven with."""
        return {
            "id": self.id,
            "person": self.person_id,
            "what": self.what,
            "name": self.name,
            "kept_digest": self._digest(),
            "credential": self.credential,
        }

    def _digest(self) -> str:
        """A digest alone is taken for what it is only where the factor has ended: else whoever reaches the table could
        make a factor useless, and nobody would see it."""
        if self.kept.startswith(ONLY_DIGEST) and hasattr(self, "removal"):
            return self.kept.removeprefix(ONLY_DIGEST)
        return hashlib.sha256(self.kept.encode()).hexdigest()


class SecondFactorRemoval(Recorded):
    """The end of a second factor: taken away by its person, or reset for them."""

    KIND = "second_factor_removal"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    factor = models.OneToOneField(SecondFactor, on_delete=models.PROTECT, related_name="removal")
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"Removal of {self.factor_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "factor": self.factor_id}


class ProviderIdentity(Recorded):
    """By what name an identity provider knows a person, so that they are the same at the next sign-in.

    `issuer` and `subject` together are never given to somebody else (OpenID Connect Core 1.0, 2; SAML 2.0 Core, 8.3.7).
    """

    KIND = "provider_identity"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="provider_identity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.issuer}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "person": self.person_id, "issuer": self.issuer, "subject": self.subject}


class SignInTry(Guarded):
    """How often something was tried of late; every process counts here. `key` is a digest: no address, no account."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} tries"


class KnownPlace(Guarded):
    """That somebody has signed in to an account from an address. `key` is a digest of both."""

    key = models.CharField(max_length=64, primary_key=True)
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"known, last seen {self.seen_at}"


class SignedIn(Guarded):
    """A session as its person sees it: since when, from where, with which browser, through what.

    `session_key` is Django's; when that session ends, this says nothing any more and is swept.
    """

    session_key = models.CharField(max_length=40, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    through = models.CharField(max_length=20)
    address = models.CharField(max_length=45)
    browser = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.person_id}, since {self.started_at}"
