"""What a directory (an identity provider) keeps up to date: people, groups, who is in them, and what groups bring."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.permits import Actor, Permit, may
from annexa.records.guard import GuardedQuerySet
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by, first_at
from annexa.records.units import Unit


class DirectoryQuerySet(GuardedQuerySet[Any]):
    """Finds rows for whoever reads the organisation, and for the directory's own program."""

    def visible_to(self, actor: Actor) -> "GuardedQuerySet[Any]":
        """The rows this actor may know of."""
        return self.all() if isinstance(may(actor, "provision"), Permit) else super().visible_to(actor)


class DirectoryPerson(Recorded):
    """How a directory knows somebody: under which name and id, and what it says of them.

    `attributes` are those of the SCIM schema that are kept, as it sent them. `gone`: the directory deleted them; their
    row stays. `suspended`: it was the directory that ended their access. `role` and `grants` are what their groups
    brought last, so that groups take away only what groups gave.
    """

    KIND = "directory_person"
    ONCE = False
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at}

    id = models.CharField(max_length=40, primary_key=True)
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="directory")
    user_name = models.CharField(max_length=254, db_index=True)
    external_id = models.CharField(max_length=254, blank=True, db_index=True)
    attributes = models.JSONField(default=dict)
    gone = models.BooleanField(default=False)
    suspended = models.BooleanField(default=False)
    role = models.CharField(max_length=20, blank=True)
    grants = models.JSONField(default=list)
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = DirectoryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user_name"], condition=Q(gone=False), name="directory_user_name"),
        ]

    def __str__(self) -> str:
        return self.user_name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {
            "id": self.id,
            "person": f"person/{self.person_id}",
            "user_name": self.user_name,
            "external_id": self.external_id,
            "attributes": self.attributes,
            "gone": self.gone,
            "suspended": self.suspended,
            "role": self.role,
            "grants": self.grants,
        }


class DirectoryGroup(Recorded):
    """A group of a directory. `gone`: the directory deleted it; its row stays."""

    KIND = "directory_group"
    ONCE = False
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at}

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=254, db_index=True)
    external_id = models.CharField(max_length=254, blank=True, db_index=True)
    gone = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = DirectoryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name"], condition=Q(gone=False), name="directory_group_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "name": self.name, "external_id": self.external_id, "gone": self.gone}


class DirectoryMembership(Recorded):
    """Whether somebody is in a group: one row for each person who ever was."""

    KIND = "directory_membership"
    ONCE = False
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at}

    id = models.CharField(max_length=40, primary_key=True)
    group = models.ForeignKey(DirectoryGroup, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    standing = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = DirectoryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["group", "person"], name="directory_membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.group_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {
            "id": self.id,
            "group": self.group_id,
            "person": f"person/{self.person_id}",
            "standing": self.standing,
        }


class GroupRoleRule(Recorded):
    """A role that a group of the directory brings to everybody in it, until a row of its own ends that.

    `group` is the name, the directory's id or our id of the group; it counts as soon as there is such a group.
    """

    KIND = "group_role"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("unit",)

    id = models.CharField(max_length=40, primary_key=True)
    group = models.CharField(max_length=254)
    role = models.CharField(max_length=20)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="group_role_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.role}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "group": self.group,
            "role": self.role,
            "unit": self.unit.slug if self.unit else None,
        }


class GroupRoleEnd(Recorded):
    """From then on a group does not bring that role any more, with the reason."""

    KIND = "group_role_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    rule = models.OneToOneField(GroupRoleRule, on_delete=models.PROTECT, related_name="end")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"End of {self.rule_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "rule": self.rule_id}
