"""What people answered about the law that catches a system or the organisation, and who reviewed it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

DECISIONS = (("asked", "Review asked for"), ("approved", "Approved"), ("returned", "Returned"))


class ClassificationAnswers(Recorded):
    """One revision of the answers to the questions of one law in a scope; the latest one holds. Nothing is overwritten.

    `tree` is the law's id; `tree_version` and `tree_digest` are those of the questions as they were put.
    """

    SCOPE = "scope"
    KIND = "classification"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    tree = models.CharField(max_length=40)
    tree_version = models.CharField(max_length=20)
    tree_digest = models.CharField(max_length=64)
    scope = models.CharField(max_length=80)
    revision = models.PositiveIntegerField()
    answers = models.JSONField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tree", "scope", "revision"], name="classification_revision_once"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="classification_revision_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.tree} for {self.scope}, revision {self.revision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the law, the questions' version, every answer; the reason stands beside it."""
        return {
            "id": self.id,
            "tree": self.tree,
            "tree_version": self.tree_version,
            "tree_digest": self.tree_digest,
            "scope": self.scope,
            "revision": self.revision,
            "answers": self.answers,
        }


class ClassificationReview(Recorded):
    """A step in the review of exactly one revision: asked for, approved or returned, by whom and why.

    `answered_by` saved that revision; the database itself refuses that the same person decides on it. `circumstances`:
    what an approval found besides roles and classes, on which duties hang; None for every other step.
    """

    SCOPE = "answers__scope"
    KIND = "classification_review"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"circumstances": lambda told: told.state.get("circumstances")}
    FOLLOWED = ("answers",)

    id = models.CharField(max_length=40, primary_key=True)
    answers = models.ForeignKey(ClassificationAnswers, on_delete=models.PROTECT, related_name="reviews")
    number = models.PositiveIntegerField()
    decision = models.CharField(max_length=10, choices=DECISIONS)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    circumstances = models.JSONField(null=True, default=None)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["answers", "number"], name="classification_review_step_once"),
            models.UniqueConstraint(
                fields=["answers"], condition=Q(decision="approved"), name="classification_approved_once"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=[word for word, _ in DECISIONS]), name="classification_review_decision"
            ),
            models.CheckConstraint(
                condition=Q(decision="asked") | ~Q(by=F("answered_by")), name="classification_review_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(decision="asked") | ~Q(because=""), name="classification_review_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answers}: {self.decision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the entry's own reason names law and revision too."""
        about = self.answers
        return {
            "id": self.id,
            "answers": about.id,
            "tree": about.tree,
            "scope": about.scope,
            "revision": about.revision,
            "number": self.number,
            "decision": self.decision,
            "because": self.because,
            "answered_by": self.answered_by_id,
            **({} if self.circumstances is None else {"circumstances": self.circumstances}),
        }
