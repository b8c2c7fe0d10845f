"""The organisation whose management system this is: one row."""

from django.db import models

from annexa.records.guard import Guarded


class Organisation(Guarded):
    """The organisation, its name and the frameworks it judges itself against."""

    name = models.CharField(max_length=200)
    frameworks = models.JSONField(default=list)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, object]:
        """What the ledger keeps of it."""
        return {"name": self.name, "frameworks": self.frameworks, "demo": self.demo}
