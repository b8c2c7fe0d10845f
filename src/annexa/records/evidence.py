"""Evidence: immutable, dated answers to expectations."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, by, effective_at


class Evidence(Recorded):
    """One piece of evidence. Its bytes are in the vault under `sha256`; newer evidence supersedes it."""

    SCOPE = "scope"
    KIND = "evidence"
    BESIDE: ClassVar[Mapping[str, Column]] = {"observed_at": effective_at, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    control = models.CharField(max_length=40)
    expectation = models.CharField(max_length=80)
    scope = models.CharField(max_length=80, db_index=True)
    kind = models.CharField(max_length=20)
    passing = models.BooleanField()
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    note = models.TextField(blank=True)
    observed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(db_index=True)
    supersedes = models.CharField(max_length=40, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    class Meta:
        indexes = [models.Index(fields=["control", "expectation", "scope"], name="evidence_answers")]

    def __str__(self) -> str:
        return f"{self.name} for {self.control}/{self.expectation}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; when it was observed is the entry's own effective time."""
        return {
            "id": self.id,
            "control": self.control,
            "expectation": self.expectation,
            "scope": self.scope,
            "kind": self.kind,
            "passing": self.passing,
            "sha256": self.sha256,
            "size": self.size,
            "media_type": self.media_type,
            "name": self.name,
            "note": self.note,
            "expires_at": self.expires_at.isoformat(),
            "supersedes": self.supersedes,
        }
