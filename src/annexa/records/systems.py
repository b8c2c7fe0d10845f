"""The register of AI systems."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.pure.systems import ALONE, FIELDS, SystemFacts
from annexa.records.recorded import Column, Recorded, at, first_at

STAGES = (
    ("concept", "Concept"),
    ("development", "Development"),
    ("deployment", "Deployment"),
    ("operation", "Operation"),
    ("retirement", "Retirement"),
)


class AiSystem(Recorded):
    """One AI system as it is now; earlier states are in the ledger.

    `risk_class` is the gravest of `classes`, for facets and sorting.
    `source` keeps, as [column, text] pairs, what no field of ours takes.
    """

    SCOPE = "slug"
    KIND = "ai_system"
    KEY = "slug"
    ONCE = False
    BESIDE: ClassVar[Mapping[str, Column]] = {
        "risk_class": lambda told: gravest(tuple(told.state["classes"])),
        "created_at": first_at,
        "changed_at": at,
    }
    UNKEPT: ClassVar[Mapping[str, str]] = {"id": "A number of this database only; the slug is what identifies."}

    slug = models.SlugField(max_length=80, unique=True)
    reference = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=300)
    purpose = models.TextField(blank=True)
    outputs = models.TextField(blank=True)
    unit = models.CharField(max_length=300, blank=True, db_index=True)
    stage = models.CharField(max_length=20, blank=True, db_index=True)
    roles = models.JSONField(default=list)
    classes = models.JSONField(default=list)
    risk_class = models.CharField(max_length=20, blank=True, db_index=True)
    high_risk_by = models.CharField(max_length=20, blank=True)
    owner = models.CharField(max_length=254, blank=True, db_index=True)
    built = models.CharField(max_length=20, blank=True)
    supplier = models.CharField(max_length=300, blank=True)
    personal_data = models.CharField(max_length=20, default="unknown")
    impact_assessment = models.CharField(max_length=20, default="unknown")
    monitoring = models.CharField(max_length=20, default="unknown")
    independent_evaluation = models.CharField(max_length=20, default="unknown")
    appeal = models.CharField(max_length=20, default="unknown")
    started_on = models.DateField(null=True, blank=True)
    deployed_on = models.DateField(null=True, blank=True)
    retired_on = models.DateField(null=True, blank=True)
    people_affected = models.JSONField(default=list)
    autonomy = models.CharField(max_length=40, blank=True)
    scale = models.BigIntegerField(null=True, blank=True)
    overseers = models.TextField(blank=True)
    source = models.JSONField(default=list)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["name"], name="ai_system_name")]

    def __str__(self) -> str:
        return self.name

    def facts(self) -> SystemFacts:
        """The record as the value that imports, exports and checks speak of."""
        values = {field.name: getattr(self, field.name) for field in FIELDS}
        values |= {one.name: tuple(values[one.name]) for one in FIELDS if one.kind == "choices"}
        return SystemFacts(**values, source=tuple((column, text) for column, text in self.source))

    def take(self, facts: SystemFacts) -> None:
        """Takes over every field of the value, and derives `risk_class`."""
        for field in FIELDS:
            value = getattr(facts, field.name)
            setattr(self, field.name, list(value) if isinstance(value, tuple) else value)
        self.source = [list(pair) for pair in facts.source]
        self.risk_class = gravest(facts.classes)

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the whole record."""
        return {"slug": self.slug, **self.facts().to_json()}


def gravest(classes: tuple[str, ...]) -> str:
    """The risk class shown for a system that has several; "" while it is not classified."""
    others = ("prohibited", "high-risk", "transparency", "gpai-systemic", "gpai")
    return next((one for one in (*others, *ALONE) if one in classes), "")
