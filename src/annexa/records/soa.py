"""The statement of applicability: which controls were included and why, its versions, and who approved them.

That a control does not apply is an exclusion, a judgement like others (`annexa.records.controls`); here stands what a
judgement cannot say.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

DECISIONS = (("approved", "Approved"), ("returned", "Returned"), ("withdrawn", "Withdrawn"))


class Inclusion(Recorded):
    """Somebody's dated decision that a control of an annex applies, and for which reasons; the latest one holds.

    It says nothing any more once the control was left out later.
    """

    KIND = "soa_inclusion"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    framework = models.CharField(max_length=40)
    requirement = models.CharField(max_length=60, db_index=True)
    reasons = models.JSONField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(reasons=[]) | ~Q(because=""), name="soa_inclusion_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.framework} {self.requirement} applies"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason in words stands beside it."""
        return {
            "id": self.id,
            "framework": self.framework,
            "requirement": self.requirement,
            "reasons": self.reasons,
        }


class StatementVersion(Recorded):
    """A whole statement as it was when somebody asked for its approval. It never changes: what is decided is this.

    `content`: lines and scopes, and the instant and state of the ledger they were computed at.
    """

    KIND = "soa_version"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    number = models.PositiveIntegerField(unique=True)
    content = models.JSONField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(number__gte=1), name="soa_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"Statement of applicability, version {self.number}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: all of it."""
        return {"id": self.id, "number": self.number, "content": self.content}


class StatementDecision(Recorded):
    """What became of one version: approved or returned by another person than who asked, or withdrawn.

    `findings`: in how many places its scope then contradicted scope records and certificates.
    """

    KIND = "soa_decision"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("version",)

    id = models.CharField(max_length=40, primary_key=True)
    version = models.OneToOneField(StatementVersion, on_delete=models.PROTECT, related_name="decision")
    decision = models.CharField(max_length=10, choices=DECISIONS)
    findings = models.PositiveIntegerField()
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(decision__in=[word for word, _ in DECISIONS]), name="soa_decision_word"),
            models.CheckConstraint(
                condition=Q(decision="withdrawn") | ~Q(by=F("asked_by")), name="soa_decision_four_eyes"
            ),
            models.CheckConstraint(condition=~Q(because=""), name="soa_decision_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.decision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "version": self.version_id,
            "number": self.version.number,
            "decision": self.decision,
            "findings": self.findings,
            "asked_by": self.asked_by_id,
        }
