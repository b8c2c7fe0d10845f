"""People are written and read in the ledger in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.actors import number_of, person_id


@given(st.integers(0))
def test_a_person_is_read_as_written(number: int) -> None:
    assert number_of(person_id(number)) == number


@pytest.mark.parametrize("other", ["", "annexa", "service/3", "person/", "person/x", "person/-1", "person/³", "3"])
def test_nobody_else_is_a_person(other: str) -> None:
    assert number_of(other) is None
