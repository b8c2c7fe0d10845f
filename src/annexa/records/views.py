"""Views of lists that people keep. No record of the management system, and so no entry of the ledger.

A view is an address with a name: no verdict, decision or report rests on it, everybody can make the same again, and it
may go without a trace. The choice of colours stands in the ledger only because it is a column of the person's record.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.views import LONGEST_NAME, LONGEST_QUERY
from annexa.records.guard import Guarded
from annexa.records.people import Person


class SavedView(Guarded):
    """What somebody asks of a list, under a name of theirs. `place`: the list, as addresses call it; `query`: what is
    asked of it. `shared`: everybody who reads the whole organisation finds it above the list too."""

    id = models.CharField(max_length=40, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=60)
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(max_length=LONGEST_QUERY)
    shared = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "place", "name"], name="saved_view_once"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(query=""), name="saved_view_says_something"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["place"], name="saved_view_place")]

    def __str__(self) -> str:
        return f"{self.name} of {self.place}"
