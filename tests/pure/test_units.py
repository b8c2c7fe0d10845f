"""A tree of units: a list of names becomes one, or says everything that is wrong with it."""

from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.units import plan_units

THERE = {"retail": ("Retail", "", False), "old": ("Old", "", True)}


def planned(*rows: tuple[str, str], there=THERE):
    return plan_units(there, [(number, *row) for number, row in enumerate(rows, start=2)])


def test_it_works() -> None:
    found = planned(("Cards", "Loans"), ("Loans", "retail"), ("RETAIL", ""))
    assert (found.added, found.unchanged, found.problems) == ((("Loans", "retail"), ("Cards", "Loans")), 1, {})


def test_everything_that_is_wrong_is_said() -> None:
    found = planned(("", ""), ("A", "Nowhere"), ("A", ""), ("B", "Old"), ("Retail", "A"), ("C", "C"), ("x" * 301, ""))
    assert found.added == ()
    assert {number: told[0].split(" ")[0] for number, told in found.problems.items()} == {
        2: "Give", 3: "There", 4: "A", 5: "Old", 6: "Retail", 7: "C", 8: "Give",
    }  # fmt: skip
    assert planned().problems == {0: ("There is no unit in it.",)}


@given(st.lists(st.tuples(st.sampled_from("ABCDEF"), st.sampled_from(["", *"ABCDEFG", "Retail"])), max_size=8))
def test_parents_come_first_and_nothing_is_half_done(rows: list[tuple[str, str]]) -> None:
    """Rule: what can be added stands below what is there or was added before; each name once; else nothing."""
    found = planned(*rows)
    assert bool(found.added) != bool(found.problems) or found.unchanged == len(rows)
    known = {one[0] for one in THERE.values()}
    for name, parent in found.added:
        assert not parent or parent in known
        assert name not in known
        known.add(name)
