"""The activity log as the tables know it: segments, the files they are in now, and how far journals are sealed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.records.guard import Guarded
from annexa.records.recorded import Column, Recorded, at


class Segment(Recorded):
    """Events of one AI system ("": nobody knows whose) and one hour of receipt (its beginning), sealed together.

    `path`, `sha256`, `size`: of the file as it was sealed; where it is now, the latest SegmentFile that names it says.
    `root`: of the tree over its events. `repeats`: how many came again and were left out. `taken`: the frames of
    journals that it was made from, as [journal, first byte, byte after the last]; those of a sealing that made several
    segments are the same in all of them. `format`: of the file, as activity/segments.py counts.
    """

    SCOPE = "system"
    KIND = "activity_segment"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, blank=True)
    hour = models.DateTimeField()
    path = models.CharField(max_length=200, unique=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    records = models.IntegerField()
    root = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    repeats = models.IntegerField()
    taken = models.JSONField()
    format = models.IntegerField()
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["system", "hour"], name="segment_hour"),
            models.Index(fields=["system", "last_at"], name="segment_until"),
        ]

    def __str__(self) -> str:
        return f"segment {self.id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        instants = ("hour", "first_at", "last_at", "first_received_at", "last_received_at")
        plain = ("id", "system", "path", "sha256", "size", "records", "root", "repeats", "taken", "format")
        return {name: getattr(self, name) for name in plain} | {
            name: getattr(self, name).isoformat() for name in instants
        }


class SegmentFile(Recorded):
    """A file that took the place of others: the segments of one system and hour that are in it now.

    `parts`: [segment, number of its events] in the order in which they stand in the file. `why`: compacted, erased or
    expired. A later one that names the same segment takes its place in turn. Of what expired there is no file: path and
    digest are "", the size is 0, and `records` says how many events went. `erasure`, `erased`: by which erasure how
    many events lost what was said in them; "" and 0 where that is not why.
    """

    SCOPE = "system"
    KIND = "activity_file"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, blank=True)
    hour = models.DateTimeField()
    path = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField()
    records = models.IntegerField()
    parts = models.JSONField()
    why = models.CharField(max_length=20)
    erasure = models.CharField(max_length=40, blank=True, default="", db_index=True)
    erased = models.IntegerField(default=0)
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["system", "hour"], name="segment_file_hour")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["path"], condition=~Q(path=""), name="segment_file_once"),
            models.CheckConstraint(condition=~Q(path="") | Q(why="expired"), name="segment_file_there"),
        ]

    def __str__(self) -> str:
        return f"file {self.id}, {self.why}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        plain = ("id", "system", "path", "sha256", "size", "records", "parts", "why", "erasure", "erased")
        return {name: getattr(self, name) for name in plain} | {"hour": self.hour.isoformat()}


class SealedTo(Guarded):
    """How far a journal is sealed, in bytes. It repeats what segments say of it, as long as the journal is there."""

    journal = models.CharField(max_length=80, primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.journal} is sealed to {self.position}"
