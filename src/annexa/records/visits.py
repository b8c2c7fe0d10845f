"""When people were last here: so that Today can say what changed meanwhile. No record of the management system."""

from django.db import models

from annexa.records.guard import Guarded
from annexa.records.people import Person


class Visit(Guarded):
    """Somebody's present visit. It leaves no ledger entry: it says nothing about the organisation.

    `seen_at` is when they last opened a page, `left_at` when the visit before this one ended; None during the first.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.person_id}, last seen {self.seen_at}"
