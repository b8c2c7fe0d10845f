"""What happened to the versions of controlled documents: who wrote, read, approved, published and withdrew which."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.pure.document_steps import STEPS
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by
from annexa.records.registers import TABLES


class DocumentStep(Recorded):
    """One step of one version of a document. Nothing is overwritten: what came last holds, by `turn`, from 1.

    `sha256`: the bytes of the version in the vault, of `media_type`, called `name`. `author`: who wrote the version;
    None: a program. `on`: from which day a published version is in force. `review_by`: the last day on which it counts
    without a review. `claims`: what was approved about it: its kind, what it serves, the months to its review.
    """

    KIND = "document_step"
    UNIT = "document__unit"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    document = models.ForeignKey(TABLES["document"], to_field="slug", on_delete=models.PROTECT, related_name="steps")
    turn = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=12, choices=[(word, word.capitalize()) for word in STEPS])
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    on = models.DateField()
    review_by = models.DateField(null=True)
    claims = models.JSONField(default=dict)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(step__in=STEPS), name="document_step_known"),
            models.UniqueConstraint(fields=["document", "turn"], name="document_step_in_turn"),
            models.UniqueConstraint(
                fields=["document", "number"], condition=Q(step="drafted"), name="document_version_once"
            ),
            models.CheckConstraint(
                condition=~Q(step="approved") | (Q(by__isnull=False) & (Q(author__isnull=True) | ~Q(by=F("author")))),
                name="document_approval_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(step__in=("published", "confirmed")) | Q(review_by__isnull=False),
                name="document_in_force_until",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} version {self.number}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {
            "id": self.id,
            "document": self.document_id,
            "turn": self.turn,
            "number": self.number,
            "step": self.step,
            "sha256": self.sha256,
            "size": self.size,
            "media_type": self.media_type,
            "name": self.name,
            "author": f"person/{self.author_id}" if self.author_id else "",
            "on": self.on.isoformat(),
            "review_by": self.review_by.isoformat() if self.review_by else None,
            "claims": self.claims,
        }


READINGS = (("asked", "Asked"), ("read", "Read"), ("released", "Released"))


class Reading(Recorded):
    """A person is asked to read a version of a document by a day, has read it, or need not any more.

    What came last about a document and a person holds. `serves`: what the version was approved to prove.
    """

    KIND = "reading"
    UNIT = "document__unit"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    document = models.ForeignKey(TABLES["document"], to_field="slug", on_delete=models.PROTECT, related_name="readings")
    number = models.PositiveIntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    turn = models.PositiveIntegerField()
    step = models.CharField(max_length=10, choices=READINGS)
    due_on = models.DateField(null=True)
    serves = models.JSONField(default=list)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["document", "person", "turn"], name="reading_in_turn"),
            models.CheckConstraint(condition=Q(step__in=[word for word, _ in READINGS]), name="reading_known"),
            models.CheckConstraint(condition=~Q(step="asked") | Q(due_on__isnull=False), name="reading_asked_until"),
            models.CheckConstraint(condition=~Q(step="read") | Q(by=F("person")), name="reading_by_the_person"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} version {self.number}, person {self.person_id}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the person by their number."""
        return {
            "id": self.id,
            "document": self.document_id,
            "number": self.number,
            "person": f"person/{self.person_id}",
            "turn": self.turn,
            "step": self.step,
            "due_on": self.due_on.isoformat() if self.due_on else None,
            "serves": self.serves,
        }
