"""Roles in parts of the organisation, and what was shared with people from outside."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.permits import VERBS, Actor, Permit, may
from annexa.records.guard import GuardedQuerySet, systems_reached
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by
from annexa.records.systems import AiSystem
from annexa.records.units import Unit


class RoleGrantQuerySet(GuardedQuerySet["RoleGrant"]):
    """Finds grants; to who reads a part of the organisation only those in that part."""

    def visible_to(self, actor: Actor) -> "RoleGrantQuerySet":
        """The grants this actor may know of: for an AI system or a unit that they read, or all of them; for who comes
        from outside, of these their own."""
        if isinstance(may(actor, "read"), Permit):
            return self.all()
        whose = Q() if isinstance(may(actor, "read_people"), Permit) else Q(holder=actor.id)
        reading = [one.units for one in actor.grants if one.role in VERBS["read"]]
        systems = AiSystem.objects.filter(systems_reached(actor)).values("slug")
        return self.filter(whose, Q(unit__name__in=frozenset().union(*reading)) | Q(system__in=systems))


class RoleGrant(Recorded):
    """A role that somebody has in a unit and whatever is below it, for one AI system, or, with neither, everywhere.

    `holder` is the actor's id, person/3 or service/pipeline. It counts from `starts_at` until `ends_at`, or until it
    is ended by a row of its own.
    """

    KIND = "grant"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("unit",)

    id = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=80, db_index=True)
    role = models.CharField(max_length=20)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    system = models.CharField(max_length=80, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = RoleGrantQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="grant_has_reason"),
            models.CheckConstraint(condition=Q(unit__isnull=True) | Q(system=""), name="grant_in_one_place"),
        ]

    def __str__(self) -> str:
        return f"{self.role} for {self.holder}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "holder": self.holder,
            "role": self.role,
            "unit": self.unit.slug if self.unit else None,
            "system": self.system,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat() if self.ends_at else None,
        }


class GrantEnd(Recorded):
    """The end of a grant before its time, with the reason."""

    KIND = "grant_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    grant = models.OneToOneField(RoleGrant, on_delete=models.PROTECT, related_name="end")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"End of {self.grant_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "grant": self.grant_id}
