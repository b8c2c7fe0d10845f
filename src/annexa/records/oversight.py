"""Human oversight of AI systems: how each is overseen, the cases that wait for people, what they said, stops."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from django.db import models
from django.db.models import F, Q

from annexa.pure.oversight import CASES, DECISIONS, DEFAULTS, UNREACHABLE, Cases, Plan
from annexa.pure.stop_switch import STEPS
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

HOW: tuple[str, ...] = ("decided", "fell")


def _words(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(one, one.capitalize()) for one in words]


class OversightPlan(Recorded):
    """How the owner of an AI system has it overseen from now on; the latest counts. Nothing is overwritten."""

    SCOPE = "system"
    KIND = "oversight_plan"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, db_index=True)
    number = models.PositiveIntegerField()
    cases = models.CharField(max_length=10, choices=_words(CASES))
    overseers = models.JSONField(default=list)
    two_persons = models.BooleanField()
    minutes = models.PositiveIntegerField()
    escalate_minutes = models.PositiveIntegerField()
    escalate_to = models.JSONField(default=list)
    safe_default = models.CharField(max_length=12, choices=_words(DEFAULTS))
    safe_output = models.TextField(blank=True)
    least_seconds = models.PositiveIntegerField()
    if_unreachable = models.CharField(max_length=10, choices=_words(UNREACHABLE))
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["system", "number"], name="oversight_plan_once"),
            models.CheckConstraint(condition=~Q(because=""), name="oversight_plan_has_reason"),
            models.CheckConstraint(condition=Q(cases__in=CASES), name="oversight_plan_cases"),
            models.CheckConstraint(condition=Q(safe_default__in=DEFAULTS), name="oversight_plan_never_approves"),
            models.CheckConstraint(condition=Q(if_unreachable__in=UNREACHABLE), name="oversight_plan_unreachable"),
        ]

    def __str__(self) -> str:
        return f"oversight of {self.system}, plan {self.number}"

    def plan(self) -> Plan:
        """The same as a value."""
        return Plan(
            cases=cast(Cases, self.cases),
            overseers=tuple(self.overseers),
            two_persons=self.two_persons,
            minutes=self.minutes,
            escalate_minutes=self.escalate_minutes,
            escalate_to=tuple(self.escalate_to),
            safe_default=self.safe_default,
            safe_output=self.safe_output,
            least_seconds=self.least_seconds,
            if_unreachable=self.if_unreachable,
        )

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        names = (
            "id", "system", "number", "cases", "overseers", "two_persons", "minutes", "escalate_minutes",
            "escalate_to", "safe_default", "safe_output", "least_seconds", "if_unreachable",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


class OversightItem(Recorded):
    """A decision of an AI system that waits for a human. What it holds is apart, in `OversightContent`.

    `reference`: the system's own name for it, once for a system. `needed`: how many persons, when it came. `due_at`:
    until when overseers decide; `ends_at`: until when anybody does. `signs`: how much there is to read. `trace_id`,
    `span_id`, `activity_id`: what it is about in the log of activity, as the system says.
    """

    SCOPE = "system"
    KIND = "oversight_item"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at, "posted_by": lambda told: told.actor}
    FOLLOWED = ("plan",)

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    plan = models.ForeignKey(OversightPlan, on_delete=models.PROTECT, related_name="items")
    reference = models.CharField(max_length=200, blank=True)
    needed = models.PositiveSmallIntegerField()
    why_needed = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    signs = models.PositiveIntegerField()
    trace_id = models.CharField(max_length=128, blank=True)
    span_id = models.CharField(max_length=128, blank=True)
    activity_id = models.CharField(max_length=128, blank=True)
    posted_by = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["system", "recorded_at"], name="oversight_item_of"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["system", "reference"], condition=~Q(reference=""), name="oversight_item_reference"
            ),
            models.CheckConstraint(condition=Q(needed__gte=1), name="oversight_item_needs_somebody"),
            models.CheckConstraint(condition=Q(ends_at__gte=F("due_at")), name="oversight_item_ends_late"),
        ]

    def __str__(self) -> str:
        return f"case {self.id} of {self.system}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: everything but what may be about people."""
        names = (
            "id", "system", "reference", "needed", "why_needed", "signs", "trace_id", "span_id", "activity_id",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in names},
            "plan": self.plan_id,
            "due_at": self.due_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
        }


class OversightContent(Recorded):
    """What a person has to see of a case. It may be about people: it has a row and an entry of its own, so that its
    bytes can go while the entry's salted digest stays. `about`: a pseudonym of who it is about, to find it by."""

    SCOPE = "item__system"
    KIND = "oversight_content"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    item = models.ForeignKey(OversightItem, on_delete=models.PROTECT, related_name="contents")
    title = models.CharField(max_length=300)
    input = models.TextField(blank=True)
    output = models.TextField()
    explanation = models.TextField(blank=True)
    policy = models.TextField(blank=True)
    about = models.CharField(max_length=200, blank=True, db_index=True)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"content of case {self.item_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps, in the body that can be erased."""
        names = ("id", "title", "input", "output", "explanation", "policy", "about")
        return {**{name: getattr(self, name) for name in names}, "item": self.item_id}


class OversightClaim(Recorded):
    """Somebody takes a case to look at it, or gives it back. It is kept for them until an instant."""

    SCOPE = "item__system"
    KIND = "oversight_claim"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    item = models.ForeignKey(OversightItem, on_delete=models.PROTECT, related_name="claims")
    number = models.PositiveIntegerField()
    until = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "number"], name="oversight_claim_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {'taken' if self.until else 'given back'}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; without `until` it was given back."""
        until = self.until.isoformat() if self.until else None
        return {"id": self.id, "item": self.item_id, "number": self.number, "until": until}


class OversightVerdict(Recorded):
    """What one person decided about a case, once, and why. `instead`: what is used where it is overridden.

    `seconds`: for how long they had it. `in_stead_of`: the overseer who delegated it to them; None: it was theirs.
    """

    SCOPE = "item__system"
    KIND = "oversight_verdict"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("item",)

    id = models.CharField(max_length=40, primary_key=True)
    item = models.ForeignKey(OversightItem, on_delete=models.PROTECT, related_name="verdicts")
    number = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=12, choices=_words(DECISIONS))
    instead = models.TextField(blank=True)
    needed = models.PositiveSmallIntegerField()
    seconds = models.PositiveIntegerField()
    in_stead_of = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "number"], name="oversight_verdict_in_turn"),
            models.UniqueConstraint(fields=["item", "by"], name="oversight_verdict_by_others"),
            models.CheckConstraint(condition=Q(decision__in=DECISIONS), name="oversight_verdict_known"),
            models.CheckConstraint(condition=~Q(because=""), name="oversight_verdict_has_reason"),
            models.CheckConstraint(
                condition=Q(decision="overridden") & ~Q(instead="") | ~Q(decision="overridden") & Q(instead=""),
                name="oversight_verdict_instead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.decision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "item": self.item_id,
            "system": self.item.system,
            "number": self.number,
            "decision": self.decision,
            "instead": self.instead,
            "needed": self.needed,
            "seconds": self.seconds,
            "in_stead_of": f"person/{self.in_stead_of_id}" if self.in_stead_of_id else None,
        }


class OversightEscalation(Recorded):
    """Nobody decided a case in time, so others may, until its last hour. By the program."""

    SCOPE = "item__system"
    KIND = "oversight_escalation"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}
    FOLLOWED = ("item",)

    id = models.CharField(max_length=40, primary_key=True)
    item = models.OneToOneField(OversightItem, on_delete=models.PROTECT, related_name="escalation")
    recorded_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"escalation of case {self.item_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "item": self.item_id, "system": self.item.system}


class OversightOutcome(Recorded):
    """What came of a case, once and for good: what its persons decided, or, where nobody did in time, the default.

    `how`: decided or fell. `output`: what is used in place of the system's own, where it was overridden. `by`: who
    concurred, by number; nobody where it fell. The database itself refuses that silence approves.
    """

    SCOPE = "item__system"
    KIND = "oversight_outcome"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}
    FOLLOWED = ("item",)

    id = models.CharField(max_length=40, primary_key=True)
    item = models.OneToOneField(OversightItem, on_delete=models.PROTECT, related_name="outcome")
    how = models.CharField(max_length=10, choices=_words(HOW))
    decision = models.CharField(max_length=12, choices=_words(DECISIONS))
    output = models.TextField(blank=True)
    by = models.JSONField(default=list)
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(how__in=HOW), name="oversight_outcome_how"),
            models.CheckConstraint(condition=Q(decision__in=DECISIONS), name="oversight_outcome_known"),
            models.CheckConstraint(
                condition=~Q(how="fell", decision="approved"), name="oversight_silence_never_approves"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.decision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        names = ("id", "how", "decision", "output", "by")
        return {**{name: getattr(self, name) for name in names}, "item": self.item_id, "system": self.item.system}


class OversightDelegation(Recorded):
    """An overseer lets somebody decide in their place about one system, until an instant (exclusive)."""

    SCOPE = "system"
    KIND = "oversight_delegation"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, db_index=True)
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(by=F("to")), name="oversight_delegation_to_others"),
            models.CheckConstraint(condition=~Q(because=""), name="oversight_delegation_has_reason"),
            models.CheckConstraint(condition=Q(until__gt=F("recorded_at")), name="oversight_delegation_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.system}: to person {self.to_id} until {self.until}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "system": self.system, "to": f"person/{self.to_id}", "until": self.until.isoformat()}


class OversightDelegationEnd(Recorded):
    """The end of a delegation before its time."""

    SCOPE = "delegation__system"
    KIND = "oversight_delegation_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    delegation = models.OneToOneField(OversightDelegation, on_delete=models.PROTECT, related_name="end")
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"end of {self.delegation_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "delegation": self.delegation_id}


class OversightStop(Recorded):
    """Somebody pulled the stop switch of an AI system; it is stopped until that is released."""

    SCOPE = "system"
    KIND = "oversight_stop"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["system", "number"], name="oversight_stop_once"),
            models.CheckConstraint(condition=~Q(because=""), name="oversight_stop_has_reason"),
        ]

    def __str__(self) -> str:
        return f"stop {self.number} of {self.system}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "system": self.system, "number": self.number}


class OversightRelease(Recorded):
    """A step towards the release of a stop: asked for, released by somebody else, or refused; each with why.

    `asked_by`: who had asked; the database itself refuses that they release.
    """

    SCOPE = "stop__system"
    KIND = "oversight_release"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("stop",)

    id = models.CharField(max_length=40, primary_key=True)
    stop = models.ForeignKey(OversightStop, on_delete=models.PROTECT, related_name="releases")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=10, choices=_words(STEPS))
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["stop", "number"], name="oversight_release_in_turn"),
            models.UniqueConstraint(fields=["stop"], condition=Q(step="released"), name="oversight_released_once"),
            models.CheckConstraint(condition=Q(step__in=STEPS), name="oversight_release_known"),
            models.CheckConstraint(condition=~Q(because=""), name="oversight_release_has_reason"),
            models.CheckConstraint(
                condition=~Q(step="released") | ~Q(by=F("asked_by")), name="oversight_release_four_eyes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stop_id}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "stop": self.stop_id,
            "system": self.stop.system,
            "number": self.number,
            "step": self.step,
            "asked_by": f"person/{self.asked_by_id}",
        }


class OversightStanding(Recorded):
    """How the oversight of an AI system works by now, told to the ledger when it changes, so that checks can count it.

    It is computed (annexa.actions.oversight_deadlines); nobody types it. The latest of a system holds, by `turn`.
    `asked`: cases of the last ninety days whose time is over or that are decided; `late`: those nobody decided;
    `untrained`: overseers without AI literacy in date; `two_needed`: two persons have to decide. `on`: the day it was
    worked out.
    """

    SCOPE = "system"
    KIND = "oversight_standing"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80)
    turn = models.PositiveIntegerField()
    cases = models.CharField(max_length=10)
    overseers = models.PositiveSmallIntegerField()
    untrained = models.PositiveSmallIntegerField()
    two_needed = models.BooleanField()
    asked = models.PositiveIntegerField()
    late = models.PositiveIntegerField()
    on = models.DateField()
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["system", "turn"], name="oversight_standing_in_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.system}: oversight as of {self.on}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        names = ("id", "system", "turn", "cases", "overseers", "untrained", "two_needed", "asked", "late")
        return {**{name: getattr(self, name) for name in names}, "on": self.on.isoformat()}
