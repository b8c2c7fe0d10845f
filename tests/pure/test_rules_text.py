"""Rules of requirements survive formats that know nothing of them."""

from datetime import date
from itertools import pairwise
from types import MappingProxyType

import pytest

from annexa.library.load import library
from annexa.pure.rules_text import RulesError, rules_of, rules_text, said_of
from annexa.pure.standards import Narrowing, Requirement, Transition

ONE = Narrowing(law="law", any_of=("a", "b"), says="Only a or b.", cites=("1",), replaces_class=True)
TWO = Narrowing(law="law", any_of=("c",), says="Only c.", cites=("2",))
MOVED = Transition(law="law", when=("old",), on=date(2030, 8, 2), says="Later.", cites=("3",))


def requirement(name: str, parent: str | None, **more: object) -> Requirement:
    return Requirement(id=name, parent=parent, kind="k", title=name, summary=name, level="system", **more)  # type: ignore[arg-type]


def test_it_comes_back_equal() -> None:
    days = MappingProxyType({date(2027, 12, 2): "113(c)"})
    one = requirement("1", None, narrowed=(ONE, TWO), transitions=(MOVED,), commencements=days)
    found = rules_of(rules_text(one))
    assert (found["narrowed"], found["transitions"], found["commencements"]) == ((ONE, TWO), (MOVED,), days)
    assert rules_text(requirement("2", None)) == ""
    assert rules_of("") == {}


@pytest.mark.parametrize(
    "text", ["{", '{"narrowed": [{}]}', '{"transitions": 7}', '{"commencements": {"soon": "x"}}', "[]"]
)
def test_what_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(RulesError, match="rules cannot be read"):
        rules_of(text)


def test_a_rule_is_said_of_the_topmost_only_and_keeps_every_order() -> None:
    rows = [requirement("A", None), requirement("A.1", "A"), requirement("B", None)]
    rules = {"A": (TWO,), "A.1": (TWO,), "B": (ONE, TWO)}
    assert said_of(rows, rules) == [(ONE, ("B",)), (TWO, ("A", "B"))]


@pytest.mark.parametrize("framework", library().frameworks.values(), ids=lambda one: one.id)
def test_the_order_of_every_shipped_requirement_is_kept(framework) -> None:
    rules = {one.id: one.narrowed for one in framework.requirements}
    order = [rule for rule, _ in said_of(framework.requirements, rules)]
    for held in rules.values():
        assert all(order.index(one) < order.index(other) for one, other in pairwise(held))
