"""What is written as a library file is read back as equal values, whatever it says."""

from datetime import date, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.load import library, load
from annexa.library.reader import shipped
from annexa.pure.library_files import (
    control_toml,
    coverage_toml,
    framework_path,
    framework_toml,
    mapping_path,
    mapping_toml,
)
from annexa.pure.standards import (
    Confidence,
    Control,
    ControlTest,
    Coverage,
    Declared,
    Edge,
    Expectation,
    ExpectationKind,
    Framework,
    FrameworkMapping,
    Relation,
    Requirement,
)
from annexa.pure.systems import CLASSES, ROLES

said = st.text(min_size=1, max_size=30).filter(str.strip)
awkward = st.sampled_from(
    ['"', '"""', "\\", "a\nb", "a\r\nb", "\x00", "\x7f", "\x1b[0m", "a\u2028b", "é", "\U0001f512", "'''", "#", "="]
)
text = st.one_of(said, awkward)
value = st.one_of(
    st.text(max_size=20), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.dates(), st.lists(st.text()).map(tuple)
)
# Made once: made anew within each draw, Hypothesis spends more on checking them than on drawing.
_IDS = st.lists(text, min_size=1, max_size=5, unique=True)
_NAMES = st.lists(said, max_size=3, unique=True)
_YES_OR_NO = st.booleans()
_LEVELS = st.sampled_from(("organisation", "system"))
_ROLES = st.sampled_from(((), ROLES[:2]))
_CLASSES = st.sampled_from(((), CLASSES[:1]))
_DAYS = st.none() | st.dates()
_DOCUMENTED = st.sampled_from(("yes", "no", "if applicable"))
_TEXT_OR_NONE = st.just("") | text
_STATUSES = st.sampled_from(("current", "withdrawn", "repealed"))


@st.composite
def requirements(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[Requirement, ...]:
    ids = draw(_IDS)
    attributes = st.dictionaries(st.sampled_from(names), value) if names else st.nothing()
    return tuple(
        Requirement(
            id=one,
            parent=draw(st.sampled_from(ids[:number])) if number and draw(_YES_OR_NO) else None,
            kind=draw(text),
            title=draw(text),
            summary=draw(text),
            level=draw(_LEVELS),
            binds_roles=draw(_ROLES),
            binds_classes=draw(_CLASSES),
            applies_from=draw(_DAYS),
            documented_information=draw(_DOCUMENTED),
            no_duty=draw(_TEXT_OR_NONE),
            note=draw(_TEXT_OR_NONE),
            source=draw(_TEXT_OR_NONE),
            attributes=MappingProxyType(draw(attributes) if names else {}),
        )
        for number, one in enumerate(ids)
    )


@st.composite
def frameworks(draw: st.DrawFn) -> Framework:
    """Any framework that can be loaded, under the id f."""
    names = tuple(draw(_NAMES))
    return Framework(
        id="f",
        version=draw(text),
        title=draw(text),
        publisher=draw(text),
        licence_note=draw(text),
        source_url=draw(text),
        language=draw(text),
        edition=draw(text),
        status=draw(_STATUSES),
        requirements=draw(requirements(names)),
        attributes=MappingProxyType({name: Declared(title=draw(text)) for name in names}),
    )


def test_every_shipped_file_is_written_as_what_it_says() -> None:
    files = shipped()
    held = library()
    written = {framework_path(one.id): framework_toml(one) for one in held.frameworks.values()}
    written |= {f"controls/{one.id}.toml": control_toml(one) for one in held.controls.values()}
    written |= {
        f"coverage/{name}.toml": coverage_toml(name, entries.values()) for name, entries in held.coverage.items()
    }
    written |= {mapping_path(one.source, one.target): mapping_toml(one) for one in held.mappings}
    again = load(written)
    assert set(written) == set(files)
    assert again.frameworks == held.frameworks
    assert again.controls == held.controls
    assert again.coverage == held.coverage
    assert again.mappings == held.mappings


@given(frameworks())
def test_any_framework_comes_back_equal(framework: Framework) -> None:
    written = framework_toml(framework)
    assert load({"frameworks/f.toml": written}).frameworks["f"] == framework
    assert framework_toml(framework) == written


@given(text, text, text, st.floats(0.01, 999))
def test_any_control_and_coverage_come_back_equal(first: str, second: str, third: str, effort: float) -> None:
    control = Control(
        id="C-1", name=first, objective=second, practice=third, level="system", owner_role=first, cadence=second,
        effort=effort, binds_roles=ROLES[:1],
        expectations=(
            Expectation(
                id=first, what=second, kind=ExpectationKind.ARTIFACT, max_age=timedelta(days=30), max_age_text="P30D",
                who=third,
            ),
        ),
        tests=(ControlTest(kind="design", how=third),),
    )  # fmt: skip
    requirement = Requirement(id=first, parent=None, kind="k", title=second, summary=third, level="system")
    framework = Framework(
        id="f", version="1", title="t", publisher="p", licence_note="l", source_url="s", language="en", edition="e",
        status="current", requirements=(requirement,),
    )  # fmt: skip
    entry = Coverage(requirement=first, sufficient=(("C-1",), ("C-1", "C-1")), contributes=("C-1",), because=second)
    held = load(
        {
            "controls/C-1.toml": control_toml(control),
            "coverage/f.toml": coverage_toml("f", [entry]),
            "frameworks/f.toml": framework_toml(framework),
        }
    )
    assert held.controls["C-1"] == control
    assert held.coverage["f"][first] == entry


@given(text, text, st.sampled_from(Relation), st.sampled_from(Confidence))
def test_any_mapping_comes_back_equal(number: str, reason: str, relation: Relation, confidence: Confidence) -> None:
    def framework(name: str) -> bytes:
        requirement = Requirement(id=number, parent=None, kind="k", title="t", summary="s", level="system")
        return framework_toml(
            Framework(
                id=name, version="1", title="t", publisher="p", licence_note="l", source_url="s", language="en",
                edition="e", status="current", requirements=(requirement,),
            )
        )  # fmt: skip

    edge = Edge(start=number, end=number, relation=relation, rationale=reason, source=reason, confidence=confidence)
    mapping = FrameworkMapping(source="f", target="g", author=reason, basis=reason, edges=(edge,))
    held = load(
        {
            "frameworks/f.toml": framework("f"),
            "frameworks/g.toml": framework("g"),
            mapping_path("f", "g"): mapping_toml(mapping),
        }
    )
    assert held.mappings == (mapping,)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(999, 12, 31), date(9999, 12, 31)])
def test_days_of_any_year_are_toml(day: date) -> None:
    requirement = Requirement(id="1", parent=None, kind="k", title="t", summary="s", level="system", applies_from=day)
    framework = Framework(
        id="f", version="1", title="t", publisher="p", licence_note="l", source_url="s", language="en", edition="e",
        status="current", requirements=(requirement,),
    )  # fmt: skip
    assert load({"frameworks/f.toml": framework_toml(framework)}).frameworks["f"] == framework
