"""People as actions take them in."""

import pytest

from annexa.actions.errors import InvalidError
from annexa.actions.people import add_person


def test_a_name_is_one_line(organisation, actor, now) -> None:
    """Rule: a name goes into headers, sentences and names of files; none of them has two lines."""
    made = add_person(
        actor=actor, email="z@example.org", name="Zoe\r\n\x00 Two ", role="member", password=None, now=now
    )
    assert made.name == "Zoe Two"
    with pytest.raises(InvalidError):
        add_person(actor=actor, email="y@example.org", name="\x00\n", role="member", password=None, now=now)
