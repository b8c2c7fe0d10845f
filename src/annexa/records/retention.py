"""What of the activity log must not go, and what people asked to have erased: holds, releases, erasures and steps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.pure.retention import STEPS, Hold
from annexa.records.guard import Guarded
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


def _said(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


class LegalHold(Recorded):
    """Events that must not go: of an AI system ("": of all, and of nobody's), begun within a span of time, both ends in
    it (None: open), of one person known by a pseudonym ("": of everybody)."""

    SCOPE = "system"
    KIND = "legal_hold"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, blank=True, db_index=True)
    user = models.CharField(max_length=80, blank=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="legal_hold_has_reason"),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(until__isnull=True) | Q(until__gte=F("since")),
                name="legal_hold_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"hold on {self.system or 'everything'}"

    def value(self) -> Hold:
        """The hold, as decisions take it."""
        return Hold(
            id=self.id, because=self.because, system=self.system, user=self.user, since=self.since, until=self.until
        )

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id, "system": self.system, "user": self.user, "since": _said(self.since),
            "until": _said(self.until),
        }  # fmt: skip


class LegalHoldRelease(Recorded):
    """From then on a hold keeps nothing. `set_by`: who had set it; the database itself refuses that they release it."""

    SCOPE = "hold__system"
    KIND = "legal_hold_release"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("hold",)

    id = models.CharField(max_length=40, primary_key=True)
    hold = models.OneToOneField(LegalHold, on_delete=models.PROTECT, related_name="release")
    set_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="legal_hold_release_has_reason"),
            models.CheckConstraint(
                condition=Q(set_by__isnull=True) | Q(by__isnull=True) | ~Q(by=F("set_by")),
                name="legal_hold_release_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"release of {self.hold_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        set_by = f"person/{self.set_by_id}" if self.set_by_id else None
        return {"id": self.id, "hold": self.hold_id, "set_by": set_by}


class ActivityErasure(Recorded):
    """Somebody asked that what a person said to AI systems goes; `user` is the pseudonym of that person.

    `system`: "" for all, and nobody's. `since`, `until`: of when events began, both ends in it; None: open. Only what
    arrived until it was asked for is meant. `second`: whether somebody else has to agree, since events are younger than
    the law's least. `found`: how many events could go, were held and were young when it was asked for.
    """

    SCOPE = "system"
    KIND = "activity_erasure"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, blank=True, db_index=True)
    user = models.CharField(max_length=80)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    second = models.BooleanField()
    found = models.JSONField()
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="activity_erasure_has_reason"),
            models.CheckConstraint(condition=~Q(user=""), name="activity_erasure_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"erasure {self.id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id, "system": self.system, "user": self.user, "since": _said(self.since),
            "until": _said(self.until), "second": self.second, "found": self.found,
        }  # fmt: skip


class ActivityErasureStep(Recorded):
    """What became of an erasure: a second person agreed or refused, the program carried it out.

    `asked_by`: who asked for it; the database itself refuses that they agree. `counts`: once it is done, how many
    events were erased, in how many files, and how many holds kept.
    """

    SCOPE = "erasure__system"
    KIND = "activity_erasure_step"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("erasure",)

    id = models.CharField(max_length=40, primary_key=True)
    erasure = models.ForeignKey(ActivityErasure, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=10, choices=[(one, one) for one in STEPS])
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    counts = models.JSONField(default=dict)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["erasure", "number"], name="activity_erasure_in_turn"),
            models.CheckConstraint(condition=Q(step__in=STEPS), name="activity_erasure_step_known"),
            models.CheckConstraint(
                condition=~Q(step="approved") | Q(asked_by__isnull=True) | Q(by__isnull=True) | ~Q(by=F("asked_by")),
                name="activity_erasure_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.erasure_id}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id, "erasure": self.erasure_id, "number": self.number, "step": self.step,
            "asked_by": f"person/{self.asked_by_id}" if self.asked_by_id else None, "counts": self.counts,
        }  # fmt: skip


class Leaving(Guarded):
    """A file of the activity log that nothing names any more and that still is to be removed.

    It is written in the same transaction as what took the file's place, so that a process killed in between leaves
    nothing behind that should be gone. `kept`: what the store said when it refused, "" while it did not.
    """

    path = models.CharField(max_length=200, primary_key=True)
    since = models.DateTimeField()
    kept = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.path} is to go"
