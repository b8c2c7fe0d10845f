"""Random small organisations: a library with controls of both levels, and facts about a few AI systems."""

from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from hypothesis import strategies as st

from annexa.pure.applicability import REGISTER
from annexa.pure.checks.assessments import BOUND, BY_FORM
from annexa.pure.checks.over import EVER
from annexa.pure.facts import (
    ORGANISATION,
    Adoption,
    Assessed,
    Circumstances,
    Closure,
    Evidence,
    Facts,
    Judgement,
    RecordFact,
    Reviewed,
    SystemFact,
)
from annexa.pure.standards import (
    Control,
    Coverage,
    Expectation,
    ExpectationKind,
    Framework,
    Library,
    Narrowing,
    Requirement,
    Transition,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
SLUGS = ("alpha", "beta", "gamma")
ROLES = ((), ("provider",), ("deployer",), ("provider", "deployer"), ("employer_deployer",))
ORG_CONTROLS = ("ORG-01", "ORG-02", "ORG-03", "ORG-04", "ORG-05", "ORG-06", "ORG-07")
SYS_CONTROLS = ("SYS-01", "SYS-02", "SYS-03", "SYS-04", "SYS-05", "SYS-06")


def _expectation(name: str, *, check: str = "") -> Expectation:
    if check:
        return Expectation(id=name, what=f"{name} holds", kind=ExpectationKind.RECORD, check=check)
    age = timedelta(days=90)
    return Expectation(id=name, what=f"{name} report", kind=ExpectationKind.ARTIFACT, max_age=age, max_age_text="P90D")


def _control(name: str, *expectations: Expectation, classes: tuple[str, ...] = ()) -> Control:
    return Control(
        id=name, name=name, objective="o", practice="p",
        level="organisation" if name in ORG_CONTROLS else "system",
        owner_role="lead", cadence="yearly", effort=1.0, expectations=expectations, tests=(), binds_classes=classes,
    )  # fmt: skip


def _requirement(name: str, level: str, **more: object) -> Requirement:
    return Requirement(id=name, parent="G", kind="clause", title=name, summary=name, level=level, **more)  # type: ignore[arg-type]


def _narrowed(law: str, *words: str) -> dict[str, object]:
    return {"narrowed": (Narrowing(law=law, any_of=words, says="Narrow.", cites=("N",)),)}


def _later(law: str, on: date | None, *words: str) -> Transition:
    return Transition(law=law, when=words, on=on, says="Older ones later.", cites=("T",))


def _narrower() -> tuple[Requirement, ...]:
    return (
        _requirement("R6", "organisation", **_narrowed("house", "about-people")),
        _requirement("R7", "organisation", transitions=(_later("house", None, "legacy"),)),
        _requirement(
            "R8", "organisation", binds_roles=("provider",),
            transitions=(_later("house", date(2026, 8, 1), "legacy"), _later("test", date(2026, 5, 1), "legacy")),
        ),
        _requirement("S5", "system", **_narrowed("test", "about-people", "for-authorities")),
        _requirement("S6", "system", **_narrowed(REGISTER, "personal-data")),
        _requirement(
            "S7", "system", binds_classes=("high-risk",), applies_from=date(2026, 3, 1),
            attributes=MappingProxyType({"applies_from_annex_i": date(2026, 7, 1)}),
            transitions=(
                _later("test", date(2026, 10, 1), "legacy", "for-authorities"), _later("test", None, "legacy"),
            ),
        ),
    )  # fmt: skip


def _covering_narrower() -> tuple[Coverage, ...]:
    return (
        Coverage(requirement="R6", sufficient=(("SYS-01",),), because="b"),
        Coverage(requirement="R7", sufficient=(("ORG-02",),), contributes=("SYS-01",), because="b"),
        Coverage(requirement="R8", sufficient=(("ORG-01",), ("SYS-01",)), because="b"),
        Coverage(requirement="S5", sufficient=(("SYS-01",), ("ORG-02",)), because="b"),
        Coverage(requirement="S6", sufficient=(("SYS-01", "ORG-02"),), because="b"),
        Coverage(requirement="S7", sufficient=(("SYS-01",),), contributes=("ORG-02",), because="b"),
    )


def _library(*, wider: bool = False) -> Library:
    controls = (
        _control("ORG-01", _expectation("report"), _expectation("second")),
        _control("ORG-02", _expectation("report")),
        _control("ORG-03", _expectation("owners", check="owner_named")),
        _control("ORG-04", _expectation("report"), _expectation("access", check="access_review_done")),
        _control("SYS-01", _expectation("report")),
        _control(
            "SYS-02", _expectation("report"), _expectation("class", check="risk_class_decided"), classes=("high-risk",)
        ),
        _control("SYS-03", _expectation("access", check="access_review_done")),
        _control(
            "ORG-05",
            _expectation("report"),
            _expectation("suppliers", check="suppliers_assessed"),
            _expectation("parts", check="components_recorded"),
        ),
        _control("SYS-04", _expectation("parts", check="components_recorded")),
        _control("SYS-05", _expectation("assessed", check="impact_assessment_approved")),
        _control(
            "SYS-06",
            _expectation("rights", check="fria_approved"),
            _expectation("data", check="dpia_approved"),
            classes=("high-risk",),
        ),
        _control("ORG-06", _expectation("report"), _expectation("assessed", check="impact_assessment_approved")),
        _control("ORG-07", _expectation("policy", check="documented:ORG-07/policy")),
    )
    requirements = (
        Requirement(id="G", parent=None, kind="group", title="G", summary="G", level="organisation"),
        _requirement("R1", "organisation"),
        _requirement("R2", "organisation"),
        _requirement("R3", "organisation", binds_classes=("high-risk",)),
        _requirement("R4", "organisation", applies_from=date(2026, 6, 1)),
        _requirement("R5", "organisation", no_duty="A definition."),
        _requirement("S1", "system"),
        _requirement("S2", "system", binds_roles=("provider",), binds_classes=("high-risk",)),
        _requirement("S3", "system"),
        _requirement("S4", "system", binds_roles=("deployer",), applies_from=date(2026, 9, 1)),
        _requirement("R9", "organisation"),
        _requirement("S9", "system"),
        _requirement("R10", "organisation"),
        _requirement("S10", "system"),
        _requirement("R11", "organisation"),
        _requirement("S11", "system"),
        _requirement("S12", "system"),
        _requirement("R12", "organisation"),
    )
    coverage = (
        Coverage(
            requirement="R1", sufficient=(("ORG-01",), ("ORG-02", "SYS-01")), contributes=("ORG-03",), because="b"
        ),
        Coverage(requirement="R2", sufficient=(("SYS-01", "SYS-02"),), because="b"),
        Coverage(requirement="R3", sufficient=(("ORG-03",),), contributes=("ORG-02",), because="b"),
        Coverage(requirement="R4", contributes=("ORG-01", "SYS-01"), because="b"),
        Coverage(requirement="S1", sufficient=(("SYS-01",), ("ORG-01", "ORG-02")), because="b"),
        Coverage(requirement="S2", sufficient=(("SYS-02", "ORG-03"),), contributes=("SYS-01",), because="b"),
        Coverage(requirement="S4", sufficient=(("ORG-02",),), because="b"),
        Coverage(requirement="R9", sufficient=(("ORG-04",),), contributes=("SYS-03",), because="b"),
        Coverage(requirement="S9", sufficient=(("SYS-03",),), contributes=("ORG-04",), because="b"),
        Coverage(requirement="R10", sufficient=(("ORG-05",),), contributes=("SYS-04",), because="b"),
        Coverage(requirement="R12", sufficient=(("ORG-07",),), contributes=("ORG-01",), because="b"),
        Coverage(requirement="S10", sufficient=(("SYS-04",), ("ORG-05",)), because="b"),
        Coverage(requirement="R11", sufficient=(("ORG-06",),), contributes=("SYS-05",), because="b"),
        Coverage(requirement="S11", sufficient=(("SYS-05",),), contributes=("SYS-06",), because="b"),
        Coverage(requirement="S12", sufficient=(("SYS-06",), ("ORG-06",)), because="b"),
    )
    if wider:
        requirements = (*requirements, *_narrower())
        coverage = (*coverage, *_covering_narrower())
    framework = Framework(
        id="test", version="1", title="Test", publisher="us", licence_note="ours", source_url="none", language="en",
        edition="1", status="current", requirements=requirements,
    )  # fmt: skip
    return Library(
        version="test",
        frameworks=MappingProxyType({"test": framework}),
        controls=MappingProxyType({c.id: c for c in controls}),
        coverage=MappingProxyType({"test": MappingProxyType({c.requirement: c for c in coverage})}),
    )


LIBRARY = _library()
WIDER = _library(wider=True)
"""The same with duties that ask for more than role and class, and with rules for older cases."""

WORDS = ("about-people", "legacy", "for-authorities", BOUND)

# Strategies are made once: made anew within each draw, Hypothesis spends more on checking them than on drawing.
instants = st.integers(0, 400).map(lambda days: START + timedelta(days=days))
scopes = st.sampled_from((ORGANISATION, *SLUGS))
controls = st.sampled_from((*ORG_CONTROLS, *SYS_CONTROLS))
_yes_or_no = st.booleans()
_late = st.integers(0, 30)
_number = st.integers(0, 10**6)
_few = st.integers(0, 3)
_entry = st.integers(0, 999)
_judged = st.integers(0, 20)
_slugs = st.sampled_from(SLUGS)
_stages = st.sampled_from(("operation", "operation", "development", "retirement"))
_roles = st.sampled_from(ROLES)
_classes = st.sampled_from(((), ("high-risk",), ("minimal",)))
_high_risk_by = st.sampled_from(("", "annex-i", "annex-iii"))
_personal_data = st.sampled_from(("unknown", "yes", "no"))
_owners = st.sampled_from(("", "kim"))
_purposes = st.sampled_from(("ranks", "ranks", "ranks", "rates"))
_laws = st.sampled_from(("test", "test", "eu-ai-act"))
_forms = st.sampled_from(tuple(BY_FORM))
_states = st.sampled_from(("implemented",) * 6 + ("planned", "not implemented", "excluded"))
_expectations = st.sampled_from(("report", "second"))
_kept_for = st.integers(1, 90)
_kinds = st.sampled_from(("major nonconformity", "minor nonconformity", "accepted exception", "exclusion"))
_judged_requirements = st.sampled_from(("R1", "R2", "S1", "S2"))
_reached = st.lists(scopes, min_size=1, max_size=4, unique=True)
_valid_for = st.integers(1, 120)
_versions = st.sampled_from(("1", "2"))


@st.composite
def _at(draw: st.DrawFn) -> dict[str, datetime]:
    effective = draw(instants)
    return {"effective_at": effective, "recorded_at": effective + timedelta(days=draw(_late))}


_times = _at()


@st.composite
def systems(draw: st.DrawFn) -> SystemFact:
    """One state of one of three systems; half of them are alike, so that what only their own facts tell apart shows."""
    alike = {"roles": ("provider",), "classes": ("high-risk",), "owner": "kim"}
    own = {
        "stage": draw(_stages),
        "roles": draw(_roles),
        "classes": draw(_classes),
        "high_risk_by": draw(_high_risk_by),
        "personal_data": draw(_personal_data),
        "owner": draw(_owners),
    }
    return SystemFact(
        id=draw(_slugs),
        name="name",
        purpose=draw(_purposes),
        entry=draw(_entry),
        **(alike if draw(_yes_or_no) else own),
        **draw(_times),
    )


@st.composite
def adoptions(draw: st.DrawFn) -> Adoption:
    """A declaration; mostly implemented, so that evidence matters."""
    times = draw(_times)
    state = draw(_states)
    return Adoption(
        id=f"a{draw(_number)}",
        control=draw(controls),
        scope=draw(scopes),
        state=state,
        plan_due=times["recorded_at"] + timedelta(days=60) if state == "planned" else None,
        **times,
    )


@st.composite
def evidence(draw: st.DrawFn, *, passing: bool | None = None) -> Evidence:
    """An answer to one of the expectations that take evidence."""
    times = draw(_times)
    control = draw(controls)
    return Evidence(
        id=f"e{draw(_number)}",
        control=control,
        expectation=draw(_expectations) if control == "ORG-01" else "report",
        scope=draw(scopes),
        passing=draw(_yes_or_no) if passing is None else passing,
        sha256="0" * 64,
        expires_at=times["effective_at"] + timedelta(days=draw(_kept_for)),
        **times,
    )


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    """A finding or acceptance about a control or a requirement."""
    times = draw(_times)
    on_control = draw(_yes_or_no)
    return Judgement(
        id=f"j{draw(_judged)}",
        kind=draw(_kinds),
        subject=draw(controls) if on_control else draw(_judged_requirements),
        framework="" if on_control else "test",
        scope=draw(scopes),
        because="because",
        ends_at=times["recorded_at"] + timedelta(days=120) if draw(_yes_or_no) else None,
        **times,
    )


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    """The end of one of the judgements."""
    return Closure(id="c", judgement=f"j{draw(_judged)}", because="done", **draw(_times))


@st.composite
def circumstances(draw: st.DrawFn) -> Circumstances:
    """What an approval found about the organisation or a system."""
    scope = draw(scopes)
    return Circumstances(
        id=f"r{draw(_number)}",
        law="house" if scope == ORGANISATION else draw(_laws),
        scope=scope,
        words=tuple(word for word in WORDS if draw(_yes_or_no)),
        **draw(_times),
    )


@st.composite
def reviews(draw: st.DrawFn) -> Reviewed:
    """A finished access review of Annexa, of some systems, or of both."""
    times = draw(_times)
    reached = draw(_reached)
    until = tuple((one, times["effective_at"] + timedelta(days=draw(_valid_for))) for one in reached)
    return Reviewed(id=f"v{draw(_number)}", until=until, **times)


_looked_at = st.sampled_from(
    (
        ("supplier", "suppliers_assessed", ""),
        ("asset", "components_recorded", ""),
        ("document", "documented:ORG-07/policy", "document_step"),
        ("document", "documents_owned", ""),
    )
)


@st.composite
def records(draw: st.DrawFn) -> RecordFact:
    """A state of a supplier, a component of AI systems, a document or its publication, as the checks see it."""
    times = draw(_times)
    until = st.none() | st.just(EVER) | _valid_for.map(lambda days: times["effective_at"] + timedelta(days=days))
    register, check, part = draw(_looked_at)
    ends = draw(st.none() | _valid_for.map(lambda days: times["effective_at"] + timedelta(days=days + 30)))
    return RecordFact(
        id=f"k{draw(_few)}",
        register=register,
        part=part,
        fulfils=((check, draw(until)),) if draw(_yes_or_no) or draw(_yes_or_no) else (),
        systems=tuple(one for one in draw(_reached) if one != ORGANISATION),
        ends_at=ends,
        component=(("version", draw(_versions)),) if register == "asset" and draw(_yes_or_no) else None,
        **times,
    )


@st.composite
def assessed(draw: st.DrawFn) -> Assessed:
    """An approved impact assessment of one of the systems, mostly as they are; sometimes one that was withdrawn."""
    times = draw(_times)
    parts = draw(st.none() | st.dictionaries(st.sampled_from(("k0", "k1")), _versions, max_size=2))
    return Assessed(
        id=f"i{draw(_number)}",
        form=draw(_forms),
        scope=draw(_slugs),
        until=times["effective_at"] + timedelta(days=draw(_valid_for) if draw(_few) else 0),
        material=(("purpose", draw(_purposes)),),
        components=None if parts is None else tuple((one, (("version", parts[one]),)) for one in sorted(parts)),
        **times,
    )


_recorded = {
    "systems": st.lists(systems(), max_size=5).map(tuple),
    "adoptions": st.lists(adoptions(), max_size=10).map(tuple),
    "evidence": st.lists(evidence(), max_size=14).map(tuple),
    "judgements": st.lists(judgements(), max_size=3).map(tuple),
    "closures": st.lists(closures(), max_size=2).map(tuple),
    "circumstances": st.lists(circumstances(), max_size=4).map(tuple),
    "reviews": st.lists(reviews(), max_size=4).map(tuple),
    "records": st.lists(records(), max_size=6).map(tuple),
    "assessed": st.lists(assessed(), max_size=6).map(tuple),
}


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Everything one small organisation has recorded."""
    return Facts(**{kind: draw(some) for kind, some in _recorded.items()})
