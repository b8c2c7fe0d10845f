"""What several pages are tested with."""

import pytest
from django.utils import timezone

from tests.web.proving import signed_in


@pytest.fixture
def at(now, monkeypatch, client, admin):
    """The pages are read at this instant, by the administrator."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    signed_in(client, admin)
    return now
