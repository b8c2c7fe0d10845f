"""The shipped policies are whole, our own and lead to requirements that exist; wrong files are refused with reasons."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.library.load import library
from annexa.library.policies import dangling, fills, load_policies, policies
from annexa.library.reader import LibraryError
from annexa.pure.documents import (
    Basis,
    DocumentError,
    Fill,
    FillValue,
    Policy,
    assemble,
    blocks,
    missing,
    served,
    to_markdown,
)
from tests.cases import cases
from tests.library.test_content import AMERICAN

POLICIES = policies()
GUIDE = Path(__file__).parents[2] / "docs" / "policies.md"
PLAIN: dict[str, FillValue] = {
    "organisation": "Fenwharf Energy",
    "effective-from": date(2027, 1, 4),
    "report-contact": "report@fenwharf.example",
    "ai-roles": ("deployer",),
}
FULL: dict[str, FillValue] = PLAIN | {
    "ai-roles": ("provider", "deployer", "importer", "distributor"),
    "approved-tools": ("Aide", "Quill"),
    "cloud": "yes",
    "develops-software": "yes",
    "high-risk": "yes",
    "nis2": "yes",
    "own-devices": "yes",
    "personal-data": "yes",
    "private-use": "yes",
    "processor": "yes",
    "public-ai": "yes",
    "public-contact": "fenwharf.example/ai",
    "remote-work": "yes",
    "works-council": "works council",
}
FILLS = b"""\
[[fill]]
id = "house"
label = "Name"
help = "As in contracts."
kind = "text"

[[fill]]
id = "lead"
label = "Lead"
help = "A role."
kind = "person"
default = "head of AI"

[[fill]]
id = "council"
label = "Council"
help = "If there is one."
kind = "person"
required = false

[[fill]]
id = "roles"
label = "Roles"
help = "Towards AI."
kind = "list"
choices = ["maker", "user"]
"""
SHARED = b"""\
[[module]]
id = "scope"
title = "Scope"
basis = { small = ["1"] }
text = "It binds {house}, says the {policy-owner}."
"""
HEADER = b"""\
id = "small"
title = "Small policy"
purpose = "For tests."
basis = { small = ["1"] }
owner_role = "lead"
approver_role = "lead"
review_months = 12
version = "1"
"""
MODULES = b"""
[[module]]
uses = "scope"

[[module]]
id = "makers"
title = "Makers"
asked_if = "roles includes maker and council given"
text = "The {council} hears."
"""
FILES = {
    "policies/fills.toml": FILLS,
    "policies/modules.toml": SHARED,
    "policies/small.toml": HEADER + MODULES,
}


@pytest.fixture(params=sorted(POLICIES))
def policy(request: pytest.FixtureRequest) -> Policy:
    """Each policy that is shipped."""
    return POLICIES[request.param]


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in small letters, without those too short to be anybody's."""
    for block in blocks(text):
        for part in [block.text] if hasattr(block, "text") else block.items:
            yield from (one for one in re.split(r"(?<=[.:?;])\s+", part.lower()) if len(one.split()) > 4)


# --- what is shipped


def test_there_are_the_eight_policies() -> None:
    assert sorted(POLICIES) == [
        "acceptable-use",
        "access-control",
        "ai-policy",
        "change-management",
        "data-classification",
        "incident-management",
        "risk-method",
        "supplier-security",
    ]


def test_every_requirement_named_exists() -> None:
    assert dangling(POLICIES, library()) == []


def test_the_organisation_is_asked_for_first_and_nothing_twice() -> None:
    assert next(iter(fills())) == "organisation"
    assert {name for policy in POLICIES.values() for name in policy.fills} == set(fills())
    assert max(Counter(fill.label for fill in fills().values()).values()) == 1
    assert {policy.fills[name] == fills()[name] for policy in POLICIES.values() for name in policy.fills} == {True}


def test_four_facts_are_enough(policy: Policy) -> None:
    """Rule: a small organisation answers four questions and has a policy to read."""
    assert missing(policy, PLAIN) == ()
    assert {problem.fill for problem in missing(policy, {})} <= set(PLAIN)


def test_a_policy_is_neither_a_leaflet_nor_a_book(policy: Policy) -> None:
    assert 700 <= len(to_markdown(assemble(policy, PLAIN)).split()) <= 1500
    assert len(to_markdown(assemble(policy, FULL)).split()) <= 2100
    assert len(assemble(policy, PLAIN).sections) >= 8


def test_a_policy_serves_what_its_header_promises(policy: Policy) -> None:
    assert set(policy.basis) <= set(served(policy, PLAIN))


def test_the_ai_policy_is_one_for_the_standard() -> None:
    """Rule: ISO/IEC 42001 5.2 and A.2.2 to A.2.4 are met by the AI policy whoever uses it."""
    wanted = {Basis(framework="iso42001-2023", requirement=one) for one in ("5.2", "A.2.2", "A.2.3", "A.2.4")}
    assert wanted <= set(served(POLICIES["ai-policy"], PLAIN))


def test_who_only_uses_ai_gets_no_chapter_for_providers() -> None:
    ids = {section.id for section in assemble(POLICIES["ai-policy"], PLAIN).sections}
    assert "as-deployer" in ids
    assert not ids & {"as-provider", "provider-high-risk", "as-trader", "as-seller"}


@pytest.mark.parametrize("given", [PLAIN, FULL])
def test_the_clocks_of_the_law_are_in_the_incident_policy(given: dict[str, FillValue]) -> None:
    text = to_markdown(assemble(POLICIES["incident-management"], given))
    assert "72 hours" in text
    assert ("24 hours" in text and "15 days" in text and "10 days" in text) == (given is FULL)


def test_no_sentence_stands_twice() -> None:
    modules = {module.id: module for policy in POLICIES.values() for module in policy.modules}
    texts = {module.text for policy in POLICIES.values() for module in policy.modules}
    assert len(modules) > 80
    assert [one for one, times in Counter(s for text in texts for s in sentences(text)).items() if times > 1] == []


def test_the_words_are_plain_british_and_bind() -> None:
    texts = [module.text for policy in POLICIES.values() for module in policy.modules]
    assert [found[0] for text in texts for found in AMERICAN.finditer(text)] == []
    assert [text for text in texts if re.search(r"\b(shall|should consider|as needed|best practice)\b", text)] == []


def _value(fill: Fill) -> st.SearchStrategy[FillValue]:
    """Values for a fill: mostly such as people give, sometimes anything."""
    words = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
    if fill.kind == "number":
        return st.integers(fill.minimum, min(fill.maximum, 400)) | st.integers(-3, 3)
    if fill.kind == "choice":
        return st.sampled_from(fill.choices)
    if fill.kind == "date":
        return st.dates()
    if fill.kind == "list":
        return st.lists(st.sampled_from(fill.choices) if fill.choices else words, max_size=4).map(tuple)
    return words | st.sampled_from(["Fenwharf & Sons", "# head", "TBD", "{organisation}", "a [b]"])


@settings(max_examples=cases(60))
@given(st.data(), st.sampled_from(sorted(POLICIES)))
def test_no_policy_has_a_gap(data: st.DataObject, name: str) -> None:
    """Rule: whatever facts pass, the document is whole; whatever do not, there is none."""
    one = POLICIES[name]
    chosen = data.draw(st.lists(st.sampled_from(sorted(one.fills)), max_size=6, unique=True))
    facts = data.draw(st.sampled_from([PLAIN, FULL])) | {fill: data.draw(_value(one.fills[fill])) for fill in chosen}
    if missing(one, facts):
        with pytest.raises(DocumentError):
            assemble(one, facts)
        return
    text = to_markdown(assemble(one, facts))
    assert [gap for gap in ("{", "}", "[", "]", "TBD", "xxx") if gap in text] == []


# --- what is refused


def problems(**changed: bytes) -> str:
    """What the loader says of the small files, some of them changed."""
    files = FILES | {f"policies/{name}.toml": data for name, data in changed.items()}
    with pytest.raises(LibraryError) as refused:
        load_policies(files)
    return str(refused.value)


def test_the_small_policy_is_read() -> None:
    found = load_policies(FILES)["small"]
    assert [module.id for module in found.modules] == ["scope", "makers"]
    assert [condition.operator for condition in found.modules[1].asked_if] == ["includes", "given"]
    assert list(found.fills) == ["house", "lead", "council", "roles"]
    found = replace(found, serves=("ACC-01/access-policy", "ACC-01/ghost", "GOV-05/documents-owned"))
    assert any("small has no requirement 1" in one for one in dangling({"small": found}, library()))
    lost = [one for one in dangling({"small": found}, library()) if "asks for a document" in one]
    assert [one.split()[1] for one in lost] == ["ACC-01/ghost", "GOV-05/documents-owned"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"The {council}", b"The {nobody}", "slot 'nobody' is no fill"),
        (b" and council given", b"", "slot 'council' may stay empty"),
        (b"council given", b"council != x", "slot 'council' may stay empty"),
        (b'"Small policy"', b'"Policy of {house}"', "title or version looks like a gap"),
        (b"roles includes maker", b"rank = high", "asks for 'rank', which is no fill"),
        (b"includes maker", b"includes cook", "expects 'cook' of roles"),
        (b"roles includes maker", b"roles = maker", "of kind list, with '='"),
        (b"council given", b"council given now", "write fill = value"),
        (b'"roles includes', b'"roles are', "write fill = value"),
        (b'uses = "scope"', b'uses = "range"', "shared module 'range' does not exist"),
        (b'uses = "scope"', b'uses = "scope"\ntitle = "x"', "title is not a known key"),
        (b'id = "makers"', b'id = "scope"', "module 'scope' occurs twice"),
        (b"hears.", b"hears [name].", "looks like a gap"),
        (b"The {council}", b"The{council}", "touches a word"),
        (b'owner_role = "lead"', b'owner_role = "house"', "owner_role is 'house'"),
        (b'small = ["1"]', b'small = ["9"]', "basis small 9 is served by no module"),
        (b'small = ["1"]', b"small = []", "basis small is a list"),
        (b"review_months = 12", b"review_months = 90", "from 1 to 36"),
        (b'id = "small"', b'id = "other"', "the file is named small"),
        (b'version = "1"', b'version = "1"\ncolour = "red"', "colour is not a known key"),
    ],
)
def test_a_wrong_policy_is_refused(old: bytes, new: bytes, says: str) -> None:
    assert says in problems(small=(HEADER + MODULES).replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'kind = "text"', b'kind = "poem"', "kind is 'poem'"),
        (b'kind = "text"', b'kind = "choice"', "choices belong to kind choice"),
        (b'kind = "text"', b'kind = "text"\nunit = "day"', "belong to kind number"),
        (b'kind = "text"', b'kind = "number"\nmore_than = "lead"', "more_than names 'lead'"),
        (b'default = "head of AI"', b'default = "TBD"', "the default has 'TBD'"),
        (b'id = "house"', b'id = "House"', "small letters"),
        (b'id = "house"', b'id = "policy-title"', "fill themselves"),
        (b'id = "house"', b'id = "spare"', "fill spare: no policy asks for it"),
    ],
)
def test_a_wrong_fill_is_refused(old: bytes, new: bytes, says: str) -> None:
    assert says in problems(fills=FILLS.replace(old, new, 1))


def test_a_module_nobody_uses_is_refused() -> None:
    assert "module scope: no policy uses it" in problems(small=(HEADER + MODULES).replace(b'uses = "scope"', b""))


def test_all_errors_of_all_files_come_together() -> None:
    said = problems(fills=FILLS.replace(b'"text"', b'"poem"'), small=HEADER, other=b"= no toml")
    assert "policies/fills.toml" in said
    assert "policies/small.toml: file: it has no modules" in said
    assert "policies/other.toml: file: cannot be read as TOML" in said


def test_without_fills_there_is_nothing_to_fill() -> None:
    with pytest.raises(LibraryError, match=r"policies/fills\.toml: file: does not exist"):
        load_policies({})


def test_the_examples_in_the_guide_are_accepted() -> None:
    """Rule: a policy with its facts and a shared chapter can be made from the examples."""
    text = GUIDE.read_text(encoding="utf-8")
    found = re.findall(r"^(?: {4}.*\n(?:\n(?= {4}))?)+", text, flags=re.MULTILINE)
    parts = [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]
    facts = next(part for part in parts if part.startswith("[[fill]]"))
    shared = next(part for part in parts if part.startswith("[[module]]"))
    example = next(part for part in parts if "owner_role" in part)
    files = {"fills": facts, "modules": shared, "visitors": example}
    assert list(load_policies({f"policies/{name}.toml": text.encode() for name, text in files.items()})) == ["visitors"]
