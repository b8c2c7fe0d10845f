"""The ledger's own tables: the outbox, the entries with their bodies, the checkpoints.

Entries, bodies and checkpoints refuse UPDATE and DELETE in the database itself (migration 0002).
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Cast, Concat

from annexa.pure.permits import Actor, Permit, Refusal, may, may_somewhere
from annexa.records.guard import Guarded, GuardedQuerySet
from annexa.records.registers import TABLES

SUBJECTS: tuple[tuple[str, Any], ...] = (
    ("AiSystem", Concat(Value("ai_system/"), F("slug"))),
    ("Evidence", Concat(Value("evidence/"), F("id"))),
    ("Adoption", Concat(Value("control/"), F("control"), Value("/"), F("scope"))),
    ("Ownership", Concat(Value("control/"), F("control"), Value("/"), F("scope"))),
    (
        "Judgement",
        Concat(
            Case(When(framework="", then=Value("control")), default=F("framework")),
            Value("/"), F("subject"), Value("/"), F("scope"),
        ),
    ),
    ("Closure", Concat(Value("judgement/"), F("judgement_id"))),
    ("ClassificationAnswers", Concat(Value("classification/"), F("tree"), Value("/"), F("scope"))),
    ("Task", Concat(Value("task/"), F("id"))),
    ("RiskProposal", Concat(Value("risk_proposal/"), F("id"))),
    ("Segment", Concat(Value("activity_segment/"), F("id"))),
    ("SegmentFile", Concat(Value("activity_file/"), F("id"))),
    *((one.__name__, Concat(Value(f"{noun}/"), F("slug"))) for noun, one in TABLES.items() if one.UNIT),
)  # fmt: skip
"""The tables that speak of scopes, each with the subject that the entries about its rows have."""


class LedgerEntryQuerySet(GuardedQuerySet["LedgerEntry"]):
    """Finds entries; to who reads a part of the organisation only those about the records they may know of."""

    def visible_to(self, actor: Actor) -> "LedgerEntryQuerySet":
        """The entries this actor may know of."""
        if isinstance(may(actor, "read"), Permit):
            return self.all()
        if isinstance(may_somewhere(actor, "read"), Refusal):
            return self.none()
        found = Q(pk__in=[])
        for subjects in _subjects(actor):
            found |= Q(subject__in=subjects)
        return self.filter(found)


def _subjects(actor: Actor) -> Iterator[Any]:
    for name, subject in SUBJECTS:
        rows = apps.get_model("records", name).objects.visible_to(actor)
        yield rows.order_by().values_list(Cast(subject, CharField()), flat=True)


class Outbox(Guarded):
    """An entry written in the transaction of the change it tells of, waiting for its position."""

    header = models.BinaryField()
    salt = models.BinaryField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"outbox {self.pk}"


class LedgerEntry(Guarded):
    """One entry at its position. `header` is the leaf's data; the other columns repeat parts of it for look-ups."""

    position = models.BigIntegerField(primary_key=True)
    header = models.BinaryField()
    leaf = models.BinaryField()
    kind = models.CharField(max_length=30, db_index=True)
    subject = models.CharField(max_length=150, db_index=True)
    actor = models.CharField(max_length=80, db_index=True)
    at = models.DateTimeField(db_index=True)

    objects: ClassVar[Any] = LedgerEntryQuerySet.as_manager()

    def __str__(self) -> str:
        return f"entry {self.position}: {self.kind}"


class EntryBody(Guarded):
    """What an entry says, apart from the tree: the tree commits to salt and body, so that the body can be erased."""

    position = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"body of entry {self.position}"


class LedgerCheckpoint(Guarded):
    """A signed root. `frontier` holds the hashes of the complete subtrees, left to right, as hex."""

    SCOPE = ""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    frontier = models.JSONField()
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint {self.size}"
