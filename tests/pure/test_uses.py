"""Policy answers by data, tool and purpose; nothing softens it, and nobody decides about what they asked for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.use_policy import use_policy
from annexa.pure.fields import ANSWERS
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.tools import HIGH_RISK, PERSONAL, PROHIBITED, PURPOSES, STATUSES, TOOLS
from annexa.pure.registers.use_rules import USE_RULES
from annexa.pure.registers.uses import APPROVED, OUTCOMES, RESULTS, USES
from annexa.pure.systems import PEOPLE
from annexa.pure.uses import (
    BEYOND,
    TOOL_STATES,
    Rule,
    UsePolicy,
    answered,
    assess,
    decision_problems,
    own_rules,
    settled,
    stands,
    strictness,
    tool_state,
    waits,
)

DAY = date(2026, 11, 20)
NOTHING = UsePolicy(id="none", edition="1", rules=())


def tool(**values):
    first = {
        "name": "Aide", "status": "approved", "purposes": ("writing and editing",), "data_up_to": "internal",
        "personal_up_to": "none", "trains_on_inputs": "no", "approved_until": date(2027, 5, 1),
    }  # fmt: skip
    return TOOLS.make({**first, **values})


def use(**values):
    first = {
        "name": "Draft", "tool": "aide", "purpose": "writing and editing", "data_class": "internal",
        "personal_data": "none", "result": "own draft or idea", "asked_by": "sam@example.org", "asked_on": DAY,
    }  # fmt: skip
    return USES.make({**first, **values})


def test_it_works() -> None:
    found = assess(use(), tool(), use_policy(), on=DAY)
    assert (found.outcome, found.until, found.register) == ("approved", date(2027, 5, 1), False)
    assert found.reasons == ("Aide is approved for writing and editing with data up to internal.",)


@pytest.mark.parametrize(
    ("asked", "known", "outcome", "because"),
    [
        ({}, {"conditions": "Use the office account"}, "approved with conditions", "Aide may be used on conditions."),
        ({"data_class": "confidential"}, {}, "refused", "more sensitive than what the tool may receive"),
        ({"data_class": ""}, {}, "refused", "more sensitive"),
        ({"personal_data": "personal data"}, {}, "refused", "data about people as close as this"),
        ({"purpose": "translation"}, {}, "with owner", "not approved for this purpose"),
        ({"purpose": "other"}, {"purposes": ("other",)}, "with owner", "none of those"),
        ({}, {"status": "restricted"}, "with owner", "where its owner agrees"),
        ({}, {"status": "unassessed"}, "with owner", "Nobody has assessed"),
        ({}, {"status": ""}, "with owner", "Nobody has assessed"),
        ({}, {"status": "forbidden"}, "refused", "forbidden here"),
        ({}, {"approved_until": DAY}, "with owner", "approval of the tool has ended"),
        ({}, {"approved_until": None}, "with owner", "approval of the tool has ended"),
        ({}, {"data_up_to": ""}, "refused", "more sensitive"),
        ({}, {"purposes": ()}, "with owner", "not approved for this purpose"),
        ({}, {"ended_on": DAY}, "with owner", "not in the catalogue"),
        ({"data_class": "confidential"}, {"data_up_to": "confidential", "trains_on_inputs": "yes"}, "refused", "learn"),
        ({"data_class": "confidential"}, {"data_up_to": "confidential", "trains_on_inputs": "unknown"}, "with owner",
         "Nobody knows"),
        ({"result": "decides about people"}, {}, "with owner", "GDPR Art. 22"),
        ({"people": ("children or vulnerable people",)}, {}, "with owner", "children"),
    ],
)  # fmt: skip
def test_policy_answers_by_data_tool_and_purpose(asked, known, outcome, because) -> None:
    found = assess(use(**asked), tool(**known), use_policy(), on=DAY)
    assert found.outcome == outcome
    assert because in " ".join(one.sentence for one in found.fired if one.outcome == outcome)


@pytest.mark.parametrize("purpose", PROHIBITED)
def test_what_the_law_forbids_is_refused_with_its_article(purpose: str) -> None:
    found = assess(use(purpose=purpose), tool(purposes=PURPOSES), use_policy(), on=DAY)
    assert found.outcome == "refused"
    assert "EU AI Act Art. 5(1)" in found.reasons[0]


@pytest.mark.parametrize("purpose", HIGH_RISK)
def test_what_the_law_calls_high_risk_goes_to_a_person_and_wants_an_ai_system(purpose: str) -> None:
    found = assess(use(purpose=purpose), tool(purposes=PURPOSES), use_policy(), on=DAY)
    assert (found.outcome, found.register) == ("with owner", True)
    assert "EU AI Act Annex III" in found.reasons[0]


def test_a_tool_nobody_knows_goes_to_a_person() -> None:
    found = assess(use(tool="", tool_named="Newcomer"), None, use_policy(), on=DAY)
    assert found.outcome == "with owner"
    secret = use(tool="", tool_named="Newcomer", data_class="strictly confidential")
    assert assess(secret, None, use_policy(), on=DAY).outcome == "refused"


def test_own_rules_tighten() -> None:
    rule = USE_RULES.make(
        {"name": "No", "tools": ("aide",), "data_from": "internal", "outcome": "refused", "reason": "Not with this."}
    )
    told = list(own_rules([("no", rule)], on=DAY))
    assert assess(use(), tool(), use_policy(), told, on=DAY).reasons[0] == "Not with this."
    assert assess(use(data_class="public"), tool(), use_policy(), told, on=DAY).outcome == "approved"
    over = USE_RULES.replaced(rule, {"ended_on": DAY})
    assert list(own_rules([("no", over)], on=DAY)) == []


# --- laws


def some(words):
    return st.lists(st.sampled_from(words), unique=True, max_size=2).map(tuple)


RULES = st.builds(
    Rule, id=st.just("r"), outcome=st.sampled_from(OUTCOMES), because=st.just("So."), states=some(TOOL_STATES),
    purposes=some(PURPOSES), data_from=st.sampled_from(("", *CLASSIFICATIONS)), results=some(RESULTS),
    personal_from=st.sampled_from(("", *PERSONAL)), people=some(PEOPLE), beyond=some(BEYOND),
    trains=some(("yes", "no", "unknown")), tools=some(("aide", "other")),
)  # fmt: skip
POLICIES = st.just(use_policy()) | st.lists(RULES, max_size=4).map(
    lambda rules: UsePolicy(id="any", edition="1", rules=tuple(rules))
)
DAYS = st.none() | st.dates(DAY - timedelta(days=2), DAY + timedelta(days=500))
REQUESTS = st.fixed_dictionaries(
    {
        "name": st.just("Draft"), "tool": st.sampled_from(("", "aide", "other")), "purpose": st.sampled_from(PURPOSES),
        "data_class": st.sampled_from(("", *CLASSIFICATIONS)), "personal_data": st.sampled_from(("", *PERSONAL)),
        "result": st.sampled_from(RESULTS), "people": some(PEOPLE), "asked_by": st.just("sam@example.org"),
        "asked_on": st.just(DAY),
    }
).map(USES.make)  # fmt: skip
CATALOGUE = st.fixed_dictionaries(
    {
        "name": st.just("Aide"), "status": st.sampled_from(("", *STATUSES)),
        "purposes": st.lists(st.sampled_from(PURPOSES), unique=True, max_size=20).map(tuple),
        "data_up_to": st.sampled_from(("", *CLASSIFICATIONS)), "personal_up_to": st.sampled_from(("", *PERSONAL)),
        "conditions": st.sampled_from(("", "With care.")), "approved_until": DAYS, "ended_on": DAYS,
        "trains_on_inputs": st.sampled_from(ANSWERS),
    }
).map(TOOLS.make)  # fmt: skip


@given(POLICIES, REQUESTS, st.none() | CATALOGUE)
def test_a_stricter_class_of_data_is_never_answered_more_mildly(policy, asked, known) -> None:
    for field, scale in (("data_class", (*CLASSIFICATIONS, "")), ("personal_data", (*PERSONAL, ""))):
        outcomes = [
            strictness(assess(USES.replaced(asked, {field: word}), known, policy, on=DAY).outcome) for word in scale
        ]
        assert outcomes == sorted(outcomes)


@given(POLICIES, REQUESTS, st.none() | CATALOGUE)
def test_nothing_is_approved_without_a_tool_that_is(policy, asked, known) -> None:
    found = assess(asked, known, policy, on=DAY)
    if found.outcome in APPROVED:
        assert known is not None
        assert tool_state(known, DAY) == "approved"
        assert asked.purpose in known.purposes
        assert found.until <= known.approved_until
    assert assess(asked, None, policy, on=DAY).outcome not in APPROVED


@given(POLICIES, RULES, REQUESTS, st.none() | CATALOGUE)
def test_a_rule_more_is_never_milder(policy, more, asked, known) -> None:
    before = assess(asked, known, policy, on=DAY)
    after = assess(asked, known, policy, [more], on=DAY)
    assert strictness(after.outcome) >= strictness(before.outcome)


@given(POLICIES, REQUESTS, st.none() | CATALOGUE)
def test_what_policy_answers_can_be_recorded(policy, asked, known) -> None:
    """A request with the answer that policy gives is a record its register accepts."""
    done = answered(asked, assess(asked, known, policy, on=DAY), on=DAY)
    assert [wrong for wrong in USES.problems(done) if wrong.field != "conditions"] == []
    assert stands(done, DAY) == (done.decision in APPROVED)


# --- decisions


def decided(request=None, known=None, **said):
    asked, catalogue = request or use(), tool() if known is None else known
    first = {
        "decision": "approved", "because": "Useful", "conditions": "", "by": "lea@example.org",
        "until": DAY + timedelta(days=90), "on": DAY,
    }  # fmt: skip
    found = assess(asked, catalogue, use_policy(), on=DAY)
    return decision_problems(asked, found, **{**first, **said})


def test_somebody_else_approves() -> None:
    assert decided() == {}
    assert "" in decided(by="SAM@example.org ")


@pytest.mark.parametrize(
    ("request_", "said", "field"),
    [
        ({}, {"decision": "with owner"}, "decision"),
        ({}, {"decision": "refused", "because": " "}, "because"),
        ({"purpose": "social scoring"}, {}, "decision"),
        ({"data_class": "confidential"}, {}, "decision"),
        ({}, {"decision": "approved with conditions"}, "conditions"),
        ({"result": "passed on after a person checked it"}, {}, "decision"),
        ({"purpose": "choosing applicants"}, {}, "systems"),
        ({}, {"until": None}, "review_on"),
        ({}, {"until": DAY}, "review_on"),
        ({}, {"until": DAY + timedelta(days=366)}, "review_on"),
    ],
)
def test_what_keeps_a_decision_from_being_taken(request_, said, field) -> None:
    assert list(decided(use(**request_), **said)) == [field]


def test_a_refusal_is_free_of_what_an_approval_needs() -> None:
    assert decided(use(purpose="choosing applicants"), decision="refused", until=None) == {}
    assert decided(use(purpose="choosing applicants", systems=("screening",))) == {}


def test_a_request_waits_until_it_is_settled() -> None:
    assert waits(use(), DAY)
    assert waits(use(decision="with owner"), DAY)
    assert not waits(use(in_use="no"), DAY)
    assert not waits(use(ended_on=DAY), DAY)
    done = USES.replaced(use(), settled("approved", "So", (), "lea@example.org", DAY, DAY + timedelta(days=1)))
    assert not waits(done, DAY)
    assert stands(done, DAY)
    assert not stands(done, DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"decided_by": "Sam@example.org"}, "decided_by"),
        ({"decision": "approved with conditions"}, "conditions"),
        ({"decision": "refused"}, "reason"),
        ({"decided_on": DAY - timedelta(days=1)}, "decided_on"),
        ({"decided_on": DAY, "review_on": DAY - timedelta(days=1)}, "review_on"),
    ],
)
def test_the_register_refuses_what_cannot_be(values, field) -> None:
    assert [wrong.field for wrong in USES.problems(use(**values))] == [field]


def test_forms_leave_answers_and_what_was_answered_alone() -> None:
    asked, done = use(), use(decision="approved")
    fields = lambda before, **values: [  # noqa: E731
        wrong.field for wrong in USES.fixed_problems(before, USES.replaced(before or use(), values))
    ]
    assert fields(None, decision="approved") == ["decision"]
    assert fields(asked, task="More") == []
    assert fields(asked, decided_by="me") == ["decided_by"]
    assert fields(done, task="More", users="3") == ["task"]
