"""What programs were answered, kept for a day so that nothing is done twice."""

from typing import ClassVar

from django.db import models

from annexa.records.guard import Guarded


class KeptAnswer(Guarded):
    """What a program was answered under an idempotency key, for a day: the same request again is not done twice.

    No record: nothing rests on it, and it is swept. `status` 0: the request is being worked on. `request` is the digest
    of method, address and body.
    """

    holder = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["holder", "key"], name="kept_answer_once"),
        ]

    def __str__(self) -> str:
        return f"answer {self.status} kept for {self.holder}"
