"""Monitors of AI systems as the tables know them: which are on, what they are held against, what they found."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.monitoring import OUTCOMES
from annexa.pure.monitors import SEVERITIES
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

HOW = (
    ("recovered", "Recovered"),
    ("finding", "Taken up as a finding"),
    ("dismissed", "Dismissed"),
    ("off", "Turned off"),
)


class MonitorChoice(Recorded):
    """Whether a monitor of the library watches an AI system, and with which lines; the latest counts.

    `thresholds`: lines of the organisation's own by level; those it does not say are the library's.
    """

    SCOPE = "system"
    KIND = "monitor_choice"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    monitor = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    on = models.BooleanField()
    thresholds = models.JSONField(default=dict)
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["system", "monitor", "number"], name="monitor_choice_once"),
            models.CheckConstraint(condition=~Q(because=""), name="monitor_choice_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.monitor} of {self.system} is {'on' if self.on else 'off'}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        plain = ("id", "system", "monitor", "number", "on", "thresholds")
        return {name: getattr(self, name) for name in plain}


class MonitorBaseline(Recorded):
    """What a monitor compares with from now on: a window of the log, frozen. Its bytes are in the vault."""

    SCOPE = "system"
    KIND = "monitor_baseline"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    monitor = models.CharField(max_length=60)
    since = models.DateTimeField()
    until = models.DateTimeField()
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, db_index=True)
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["system", "monitor"], name="monitor_baseline_of")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="monitor_baseline_has_reason"),
        ]

    def __str__(self) -> str:
        return f"baseline of {self.monitor} for {self.system}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        plain = ("id", "system", "monitor", "rows", "digest", "sha256")
        instants = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {name: getattr(self, name) for name in plain} | instants


class MonitorRun(Recorded):
    """What a monitor found, once. `reading`: every number of it, as pure.monitors writes them; empty after an error."""

    SCOPE = "system"
    KIND = "monitor_run"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    monitor = models.CharField(max_length=60)
    since = models.DateTimeField()
    until = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=[(one, one) for one in OUTCOMES])
    says = models.TextField()
    thresholds = models.JSONField(default=dict)
    reading = models.JSONField(default=dict)
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["system", "monitor", "-recorded_at"], name="monitor_run_latest")]

    def __str__(self) -> str:
        return f"{self.monitor} of {self.system}: {self.outcome}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        plain = ("id", "system", "monitor", "outcome", "says", "thresholds", "reading")
        instants = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {name: getattr(self, name) for name in plain} | instants


class MonitorBreach(Recorded):
    """A monitor began to fail: the draft of a finding or an incident, which somebody has to look into."""

    SCOPE = "system"
    KIND = "monitor_breach"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    monitor = models.CharField(max_length=60)
    run = models.OneToOneField(MonitorRun, on_delete=models.PROTECT, related_name="breach")
    severity = models.CharField(max_length=10, choices=[(one, one) for one in SEVERITIES])
    says = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["system", "monitor"], name="monitor_breach_of")]

    def __str__(self) -> str:
        return f"breach of {self.monitor} in {self.system}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        plain = ("id", "system", "monitor", "severity", "says")
        return {name: getattr(self, name) for name in plain} | {"run": self.run_id}


class MonitorBreachEnd(Recorded):
    """A breach is over: the monitor passes again, somebody took it up as a finding, dismissed it, or turned it off."""

    SCOPE = "breach__system"
    KIND = "monitor_breach_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    breach = models.OneToOneField(MonitorBreach, on_delete=models.PROTECT, related_name="end")
    how = models.CharField(max_length=10, choices=HOW)
    judgement = models.CharField(max_length=40, blank=True)
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="monitor_breach_end_has_reason"),
        ]

    def __str__(self) -> str:
        return f"end of breach {self.breach_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {"id": self.id, "breach": self.breach_id, "how": self.how, "judgement": self.judgement}
