"""Whose an event is, what may be chosen to be kept, and for how long."""

import pytest

from annexa.pure.activity_sources import (
    LEAST_DAYS,
    MOST_DAYS,
    Choice,
    How,
    Pattern,
    Rule,
    Source,
    pattern_problems,
    retention_problem,
    rule_problems,
    rules_of,
    system_for,
)
from annexa.pure.events import Kept


def rule(**more: str) -> dict[str, str]:
    return {"attribute": "service.name", "how": "equals", "value": "shop", "system": "chatbot", **more}


def source(*rules: dict[str, str], system: str = "") -> Source:
    return Source(slug="gate", name="Gateway", system=system, rules=rules_of(rules))


def test_it_works() -> None:
    """Rule: the first rule that fits decides; what none names is nobody's."""
    found = source(
        rule(),
        rule(how="starts_with", value="shop", system="catalogue"),
        rule(attribute="deployment.environment.name", value="test", system="sandbox"),
    )
    assert system_for(found, {"service.name": "shop"}) == "chatbot"
    assert system_for(found, {"service.name": "shop-search"}) == "catalogue"
    assert system_for(found, {"service.name": "x", "deployment.environment.name": "test"}) == "sandbox"
    assert system_for(found, {"service.name": "Shop"}) == ""
    assert system_for(found, {}) == ""


def test_a_source_of_one_system_asks_no_rule() -> None:
    assert system_for(source(rule(), system="ranking"), {"service.name": "shop"}) == "ranking"


def test_what_is_no_text_is_compared_as_text() -> None:
    assert Rule(attribute="replica", how=How.EQUALS, value="7", system="x").fits({"replica": 7})


def test_every_problem_of_rules_is_told_with_its_number() -> None:
    told = rule_problems([rule(), rule(how="ends_with", value=" "), {"attribute": "a"}, rule(system=7)])
    assert [one[:7] for one in told] == ["Rule 2:", "Rule 2:", "Rule 3:", "Rule 4:"]
    with pytest.raises(ValueError, match="is no way to compare; use equals or starts_with"):
        rules_of([rule(how="like")])
    assert rule_problems([rule()] * 201) == ["There are 201 rules; at most 200 may be."]


def test_what_is_kept_of_a_system_without_a_choice() -> None:
    own, others = Choice(kept=Kept.FULL), Choice(kept=Kept.DIGEST)
    found = Source(slug="a", name="A", choices={"chatbot": own}, otherwise=others)
    assert (found.choice_for("chatbot"), found.choice_for("x"), found.choice_for("")) == (own, others, others)
    assert Source(slug="a", name="A").choice_for("x").kept is Kept.REDACTED


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (Pattern(name="Staff Number", pattern="S[0-9]+"), "no name of a pattern"),
        (Pattern(name="staff", pattern=""), "needs an expression"),
        (Pattern(name="staff", pattern="x" * 301), "needs an expression"),
        (Pattern(name="staff", pattern="(["), "cannot be read"),
        (Pattern(name="staff", pattern="S[0-9]*|"), "fits also where nothing stands"),
    ],
)
def test_a_pattern_that_is_wrong(said: Pattern, problem: str) -> None:
    (told,) = pattern_problems([said])
    assert problem in told


def test_patterns_have_names_of_their_own() -> None:
    one = Pattern(name="staff", pattern="S[0-9]{6}")
    assert pattern_problems([one]) == []
    assert pattern_problems([one, one]) == ["There are two patterns staff; give each its own name."]


@pytest.mark.parametrize(
    ("days", "classes", "refused"),
    [
        (LEAST_DAYS, ["high-risk"], ""),
        (LEAST_DAYS - 1, ["high-risk"], "Art. 19 for providers, Art. 26(6) for deployers"),
        (LEAST_DAYS - 1, ["transparency", "high-risk"], "Art. 26(6)"),
        (LEAST_DAYS - 1, [], "nobody classified the system yet"),
        (30, ["minimal"], ""),
        (0, ["minimal"], "one at least"),
        (500, ["minimal"], "400 days at most, as the organisation chose"),
        (LEAST_DAYS - 1, None, "less than the 183"),
        (LEAST_DAYS, None, ""),
    ],
)
def test_never_shorter_than_the_law_never_longer_than_the_policy(days, classes, refused) -> None:
    """Source: Regulation (EU) 2024/1689 Art. 19(1) and 26(6): six months at least for high-risk systems."""
    told = retention_problem(days, classes=classes, most=400)
    assert (told == "") if refused == "" else (refused in told)


def test_nobody_keeps_events_for_more_than_ten_years() -> None:
    assert retention_problem(MOST_DAYS + 1, classes=None, most=MOST_DAYS) == "Events are kept for 3,660 days at most."
