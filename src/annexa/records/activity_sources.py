"""What sends events of AI systems: sources, the rules that say whose events are, and what is kept of them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.activity_sources import Choice, Rule, Users, patterns_of, rules_of
from annexa.pure.events import Kept
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class ActivitySource(Recorded):
    """A program that sends events, known by the tokens of its service account.

    `account`: the slug of that account. `system`: the AI system of which all events are; "" where rules decide, known
    to who reads the whole organisation only.
    """

    SCOPE = "system"
    KIND = "activity_source"
    KEY = "slug"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    UNKEPT: ClassVar[Mapping[str, str]] = {"id": "A number of this database only; the slug is what identifies."}

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    account = models.CharField(max_length=60, db_index=True)
    system = models.CharField(max_length=80, blank=True, db_index=True)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {"slug": self.slug, "name": self.name, "account": self.account, "system": self.system}


class ActivityRules(Recorded):
    """By which rules the events of a source are given to AI systems from then on; the latest hold."""

    SCOPE = "source__system"
    KIND = "activity_rules"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"source": "activity_source"}
    FOLLOWED = ("source",)

    id = models.CharField(max_length=40, primary_key=True)
    source = models.ForeignKey(ActivitySource, on_delete=models.PROTECT, related_name="rules")
    number = models.PositiveIntegerField()
    rules = models.JSONField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "number"], name="activity_rules_once"),
        ]

    def __str__(self) -> str:
        return f"rules {self.number} of {self.source_id}"

    def value(self) -> tuple[Rule, ...]:
        """The rules, in their order."""
        return rules_of(self.rules)

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "activity_source": self.source.slug, "number": self.number, "rules": self.rules}


class ActivitySourceEnd(Recorded):
    """From then on nothing is taken from a source."""

    SCOPE = "source__system"
    KIND = "activity_source_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"source": "activity_source"}
    FOLLOWED = ("source",)

    id = models.CharField(max_length=40, primary_key=True)
    source = models.OneToOneField(ActivitySource, on_delete=models.PROTECT, related_name="end")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="activity_source_end_has_reason"),
        ]

    def __str__(self) -> str:
        return f"end of {self.source_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "activity_source": self.source.slug}


class ActivityAssignment(Recorded):
    """Events that were nobody's are given to an AI system: those of a source, with a service or environment, that had
    been received when it was decided. The events themselves stay as they came; they count as the system's from then on.

    `column`: service or environment. `events`: how many there were then.
    """

    SCOPE = "system"
    KIND = "activity_assignment"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {"source": "activity_source"}
    FOLLOWED = ("source",)

    id = models.CharField(max_length=40, primary_key=True)
    source = models.ForeignKey(ActivitySource, on_delete=models.PROTECT, related_name="assignments")
    column = models.CharField(max_length=12, choices=[("service", "service"), ("environment", "environment")])
    value = models.CharField(max_length=300)
    system = models.CharField(max_length=80)
    events = models.PositiveBigIntegerField()
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="activity_assignment_has_reason"),
            models.CheckConstraint(condition=~Q(system="") & ~Q(value=""), name="activity_assignment_says_whose"),
        ]

    def __str__(self) -> str:
        return f"{self.value} is of {self.system}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        names = ("id", "column", "value", "system", "events")
        return {**{name: getattr(self, name) for name in names}, "activity_source": self.source.slug}


class ActivityChoice(Recorded):
    """What is kept of a system's events and for how long, from then on; the latest of a system holds.

    That of the organisation holds where a system has none, and no system's events are kept longer than it says.
    `extra`: patterns of what else is made unreadable.
    """

    SCOPE = "system"
    KIND = "activity_choice"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    keeps = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Kept])
    users = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Users])
    extra = models.JSONField(default=list)
    retention_days = models.PositiveIntegerField()
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["system", "number"], name="activity_choice_once"),
            models.CheckConstraint(condition=~Q(because=""), name="activity_choice_has_reason"),
            models.CheckConstraint(condition=Q(keeps__in=[*Kept]), name="activity_choice_keeps"),
            models.CheckConstraint(condition=Q(users__in=[*Users]), name="activity_choice_users"),
            models.CheckConstraint(condition=Q(retention_days__gt=0), name="activity_choice_days"),
        ]

    def __str__(self) -> str:
        return f"choice {self.number} of {self.system}"

    def value(self) -> Choice:
        """The choice."""
        return Choice(
            kept=Kept(self.keeps),
            users=Users(self.users),
            patterns=patterns_of(self.extra),
            retention_days=self.retention_days,
        )

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        names = ("id", "system", "number", "keeps", "users", "extra", "retention_days")
        return {name: getattr(self, name) for name in names}
