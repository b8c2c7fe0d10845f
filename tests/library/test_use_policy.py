"""The shipped policy for uses of AI is whole, cites what exists, and answers its examples as they say."""

from collections import Counter
from datetime import date

import pytest

from annexa.library.load import library
from annexa.library.reader import LibraryError, shipped
from annexa.library.use_policy import Example, dangling, load_use_policy, use_policy
from annexa.pure.registers.tools import HIGH_RISK, PROHIBITED, TOOLS
from annexa.pure.registers.uses import USES
from annexa.pure.uses import assess
from tests.library.test_content import AMERICAN

POLICY, EXAMPLES = load_use_policy(shipped(("use_policy",)))
SMALL = b"""\
id = "small"
edition = "1"
[[rule]]
id = "one"
outcome = "refused"
because = "No."
"""


def test_it_works() -> None:
    assert use_policy() == POLICY
    assert dangling(POLICY, library()) == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.id)
def test_an_example_comes_to_what_it_says(example: Example) -> None:
    def values(told):
        return {name: tuple(said) if isinstance(said, list) else said for name, said in told.items()}

    tool = example.tool and TOOLS.make({"name": "Aide", "approved_until": date(2027, 1, 1), **values(example.tool)})
    found = assess(USES.make(values(example.use)), tool, POLICY, on=date(2026, 11, 1))
    assert found.outcome == example.outcome
    assert {one.rule for one in found.fired} == set(example.rules)


def test_every_purpose_the_law_speaks_of_has_its_rule() -> None:
    spoken = Counter(purpose for rule in POLICY.rules for purpose in rule.purposes if "AI Act" in rule.source)
    assert {purpose: spoken[purpose] for purpose in (*PROHIBITED, *HIGH_RISK)} == dict.fromkeys(
        (*PROHIBITED, *HIGH_RISK), 1
    )


def test_a_law_is_cited_by_its_requirement() -> None:
    assert [rule.id for rule in POLICY.rules if bool(rule.source) != bool(rule.cites)] == []


def test_it_is_written_in_our_own_english() -> None:
    texts = [text for rule in POLICY.rules for text in (rule.because, rule.condition) if text]
    assert [text for text in texts if not text.endswith(".") or AMERICAN.search(text)] == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b'outcome = "approved"', "outcome is 'approved'"),
        (b'outcome = "approved with conditions"', "condition is missing"),
        (b'outcome = "refused"\npurposes = ["fun"]', "purposes names 'fun'"),
        (b'outcome = "refused"\ndata_from = "secret"', "data_from is 'secret'"),
        (b'outcome = "refused"\ncolour = "red"', "colour is not a known key"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(said: bytes, problem: str) -> None:
    with pytest.raises(LibraryError) as error:
        load_use_policy({"use_policy/small.toml": SMALL.replace(b'outcome = "refused"', said)})
    assert f"use_policy/small.toml: file rule one: {problem}" in str(error.value)


def test_there_is_one_policy_and_each_rule_once() -> None:
    load_use_policy({"use_policy/small.toml": SMALL})
    with pytest.raises(LibraryError, match="there are 0 policies"):
        load_use_policy({})
    twice = SMALL + SMALL[SMALL.index(b"[[rule]]") :]
    with pytest.raises(LibraryError, match="rule 'one' occurs twice"):
        load_use_policy({"use_policy/small.toml": twice})
