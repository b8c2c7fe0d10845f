"""A session of somebody who has just shown that it is they."""

from django.test import Client
from django.utils import timezone

from annexa.actions.sign_in import PROVED
from annexa.records.people import Person


def signed_in(client: Client, person: Person, *, ago: float = 0.0) -> Client:
    """The client, with a session of this person, proven so many seconds ago."""
    client.force_login(person)
    session = client.session
    session[PROVED] = timezone.now().timestamp() - ago
    session.save()
    return client
