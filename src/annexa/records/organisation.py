"""The organisation whose management system this is: one row."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models

from annexa.records.recorded import Column, Recorded, first_at


class Organisation(Recorded):
    """The organisation, its name and the frameworks it judges itself against."""

    SCOPE = ""
    KIND = "organisation"
    KEY = ""
    ONCE = False
    BESIDE: ClassVar[Mapping[str, Column]] = {"created_at": first_at}

    name = models.CharField(max_length=200)
    frameworks = models.JSONField(default=list)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, object]:
        """What the ledger keeps of it."""
        return {"name": self.name, "frameworks": self.frameworks, "demo": self.demo}
