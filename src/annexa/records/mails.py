"""How people are mailed, what they were told, and what is on its way to them.

No records of the management system, and so no entries of the ledger: nothing rests on them, and they are swept.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.mails import HOWS
from annexa.records.guard import Guarded
from annexa.records.people import Person


class MailChoice(Guarded):
    """How somebody chose to be mailed. Who never chose is mailed as is usual."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    how = models.CharField(max_length=10, choices=[(one, one) for one in HOWS])
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(how__in=HOWS), name="mail_choice_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.how}"


class MailTold(Guarded):
    """That somebody was told of one thing that waits for them; gone once it waits no more. `key`: see pure.mails."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    told_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "key"], name="mail_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key[:12]} to {self.person_id}"


class Mail(Guarded):
    """One mail on its way to one person: what it tells of (`keys`, never words), how often it was tried, what came.

    `day`: of a daily one, of which there is one a day, also where there was nothing to tell. `next_at`: None once it
    was sent, had nothing to tell any more, or was given up.
    """

    id = models.CharField(max_length=40, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    how = models.CharField(max_length=10)
    day = models.DateField(null=True)
    keys = models.JSONField(default=list)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    sent_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "day"], name="mail_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.how} to {self.person_id}"
