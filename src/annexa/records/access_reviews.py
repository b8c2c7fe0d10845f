"""Who has access to what, as lists taken at a day, and the reviews that decide each line of them."""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.pure.actors import number_of
from annexa.pure.ledger import canonical
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

SUBJECTS = (("annexa", "Annexa itself"), ("system", "AI system"), ("other", "Other system"))
DECISIONS = (("keep", "Keep"), ("change", "Change"), ("revoke", "Revoke"))


class AccessList(Recorded):
    """Who had access to one system at one instant, line by line, as a file said it or as Annexa's own records did.

    `subject` is the slug of an AI system, the name of another system, or "annexa". `sha256`: the file in the vault, as
    it came. The ledger commits to the lines by their digest, so that it holds no names; whoever rebuilds the row finds
    them in the vault under that digest, or reads the file again.
    """

    KIND = "access_list"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"lines": lambda _told: []}

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=10, choices=SUBJECTS)
    subject = models.CharField(max_length=200, db_index=True)
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    taken_at = models.DateTimeField()
    read_as = models.JSONField()
    lines = models.JSONField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=[word for word, _ in SUBJECTS]), name="access_list_kind"),
            models.CheckConstraint(condition=~Q(subject=""), name="access_list_has_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: which system, which file, how it was read, and the digest of the lines."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "name": self.name,
            "sha256": self.sha256,
            "taken_at": self.taken_at.isoformat(),
            "read_as": self.read_as,
            "lines": len(self.lines),
            "lines_sha256": digest_of(self.lines),
        }


def digest_of(lines: object) -> str:
    """The digest by which the ledger commits to the lines of a list: that of their canonical bytes."""
    return hashlib.sha256(canonical(lines)).hexdigest()


class AccessReview(Recorded):
    """A review of some lists: by whom, by which day, who carries out what is decided, and why it was opened."""

    KIND = "access_review"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {
        "reviewers": lambda told: [number_of(one) for one in told.state["reviewers"]]
    }

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=200)
    lists = models.JSONField()
    reviewers = models.JSONField()
    carrier = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; `lists` are ids, `reviewers` numbers of people."""
        return {
            "id": self.id,
            "name": self.name,
            "lists": self.lists,
            "reviewers": [f"person/{one}" for one in self.reviewers],
            "carrier": f"person/{self.carrier_id}",
            "due_on": self.due_on.isoformat(),
        }


class AccessDecision(Recorded):
    """What was decided about one line in a review, and why; the latest of a line holds. Nothing is overwritten.

    `holder` is the person of Annexa who has that access, if it is one: the database itself refuses that they decide.
    """

    KIND = "access_decision"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"source": "list"}

    id = models.CharField(max_length=40, primary_key=True)
    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="decisions")
    source = models.ForeignKey(AccessList, on_delete=models.PROTECT, related_name="+")
    line = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    decision = models.CharField(max_length=10, choices=DECISIONS)
    to = models.CharField(max_length=300, blank=True)
    because = models.TextField()
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["review", "source", "line", "number"], name="access_decision_once"),
            models.CheckConstraint(
                condition=Q(decision__in=[word for word, _ in DECISIONS]), name="access_decision_known"
            ),
            models.CheckConstraint(condition=~Q(because=""), name="access_decision_has_reason"),
            models.CheckConstraint(condition=~Q(decision="change") | ~Q(to=""), name="access_decision_says_to_what"),
            models.CheckConstraint(
                condition=Q(holder__isnull=True) | ~Q(by=F("holder")), name="access_decision_four_eyes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} row {self.line}: {self.decision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "review": self.review_id,
            "list": self.source_id,
            "line": self.line,
            "number": self.number,
            "decision": self.decision,
            "to": self.to,
            "holder": f"person/{self.holder_id}" if self.holder_id else None,
        }


class AccessCarriedOut(Recorded):
    """That a decision to change or revoke was carried out, as somebody says; the next list shows whether it is so."""

    KIND = "access_carried_out"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    decision = models.OneToOneField(AccessDecision, on_delete=models.PROTECT, related_name="carried_out")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="access_carried_out_says_how")
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} carried out"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; how it was done stands beside it."""
        return {"id": self.id, "decision": self.decision_id}


class AccessReviewEnd(Recorded):
    """The end of a review, with what came of it.

    `counts`: how many lines were kept, changed, revoked, and revoked earlier but still there. `undecided` lists what
    was left open as [list, row]; then it has a reason and counts for nothing. `until`: until when it counts, by scope.
    """

    KIND = "access_review_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    review = models.OneToOneField(AccessReview, on_delete=models.PROTECT, related_name="end")
    counts = models.JSONField()
    undecided = models.JSONField()
    until = models.JSONField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"End of {self.review_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; a review with undecided lines counts for no check."""
        return {
            "id": self.id,
            "review": self.review_id,
            "counts": self.counts,
            "undecided": self.undecided,
            "until": self.until,
        }
