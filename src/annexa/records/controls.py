"""What the organisation declares about controls, and what people judged beside the verdicts."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by, effective_at


class Adoption(Recorded):
    """A dated declaration about a control in a scope; the latest one holds. Nothing is overwritten."""

    SCOPE = "scope"
    KIND = "adoption"
    BESIDE: ClassVar[Mapping[str, Column]] = {
        "because": because, "effective_at": effective_at, "recorded_at": at, "by_id": by,
    }  # fmt: skip
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"state_word": "state"}

    id = models.CharField(max_length=40, primary_key=True)
    control = models.CharField(max_length=40, db_index=True)
    scope = models.CharField(max_length=80)
    state_word = models.CharField(max_length=20)
    because = models.TextField(blank=True)
    plan_due = models.DateTimeField(null=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"{self.control} in {self.scope}: {self.state_word}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it in the entry."""
        return {
            "id": self.id,
            "control": self.control,
            "scope": self.scope,
            "state": self.state_word,
            "plan_due": self.plan_due.isoformat() if self.plan_due else None,
        }


class Judgement(Recorded):
    """What a person found or accepted about a control or requirement, with a reason and, if it has one, an end."""

    SCOPE = "scope"
    KIND = "judgement"
    BESIDE: ClassVar[Mapping[str, Column]] = {
        "because": because, "effective_at": effective_at, "recorded_at": at, "by_id": by,
    }  # fmt: skip

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=30)
    framework = models.CharField(max_length=40, blank=True)
    subject = models.CharField(max_length=60, db_index=True)
    scope = models.CharField(max_length=80)
    because = models.TextField()
    ends_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject} in {self.scope}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {
            "id": self.id,
            "kind": self.kind,
            "framework": self.framework,
            "subject": self.subject,
            "scope": self.scope,
            "ends_at": self.ends_at.isoformat() if self.ends_at else None,
        }


class Closure(Recorded):
    """The end of a judgement, with the reason."""

    SCOPE = "judgement__scope"
    KIND = "closure"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    judgement = models.OneToOneField(Judgement, on_delete=models.PROTECT)
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"Closure of {self.judgement_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "judgement": self.judgement_id}
