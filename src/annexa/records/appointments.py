"""Who holds which office of the management systems, and who sits in which committee."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class Appointment(Recorded):
    """Somebody holds an office from now on, until a row of its own ends it.

    `office` is an id of the library, such as executive-sponsor or chair; `body` where: organisation, unit/SLUG or
    committee/SLUG.
    """

    KIND = "appointment"
    SCOPE = ""
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    office = models.CharField(max_length=40)
    body = models.CharField(max_length=100)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["body", "office"], name="appointment_of_body")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="appointment_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.office} in {self.body}: {self.person_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "office": self.office, "body": self.body, "person": f"person/{self.person_id}"}


class AppointmentEnd(Recorded):
    """The end of an appointment, with the reason."""

    KIND = "appointment_end"
    SCOPE = ""
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="end")
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"End of {self.appointment_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "appointment": self.appointment_id}
