"""The organisation's units as a tree, and its committees."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.records.recorded import Column, Recorded, at, first_at


class Unit(Recorded):
    """A part of the organisation: a name, and the unit it belongs to; None: it is directly below the organisation.

    AI systems name their unit as text: a system belongs to the unit of the same name. A closed unit is kept.
    """

    KIND = "unit"
    KEY = "slug"
    ONCE = False
    SCOPE = ""
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at, "changed_at": at}
    UNKEPT: ClassVar[Mapping[str, str]] = {"id": "A number of this database only; the slug is what identifies."}
    FOLLOWED = ("parent",)

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=300, unique=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="below")
    closed = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {
            "slug": self.slug,
            "name": self.name,
            "parent": self.parent.slug if self.parent else None,
            "closed": self.closed,
        }


class Committee(Recorded):
    """People who decide together: what for, and how often they meet. Who sits in it is said by appointments."""

    KIND = "committee"
    KEY = "slug"
    ONCE = False
    SCOPE = ""
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at, "changed_at": at}
    UNKEPT: ClassVar[Mapping[str, str]] = {"id": "A number of this database only; the slug is what identifies."}

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200, unique=True)
    purpose = models.TextField()
    months_between = models.PositiveSmallIntegerField()
    closed = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {
            "slug": self.slug,
            "name": self.name,
            "purpose": self.purpose,
            "months_between": self.months_between,
            "closed": self.closed,
        }
