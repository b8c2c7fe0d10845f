"""Reads the risk scenarios, scales and taxonomies into one catalogue; refuses it if anything in them is wrong.

All errors of all files are reported together, each with file and id. Formats: docs/risks.md.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.risk import (
    AREAS,
    HARMED,
    HIGHEST,
    LOWEST,
    MOST_STEPS,
    Catalogue,
    Harmed,
    ImpactStep,
    LikelihoodStep,
    MatrixScale,
    QuantityScale,
    RiskLevel,
    Scale,
    Scenario,
    Tag,
    Taxonomy,
)
from annexa.pure.standards import Confidence, Library
from annexa.pure.systems import BUILT

SCALES = "risks/scales.toml"
TAXONOMIES = "risks/taxonomies.toml"


@cache
def risks() -> Catalogue:
    """The catalogue shipped with this version of Annexa. Read once per process. Raises LibraryError."""
    return load_risks(shipped(("risks",)))


def load_risks(files: Mapping[str, bytes]) -> Catalogue:
    """A catalogue from its files. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    scenarios: dict[str, Scenario] = {}
    scales: dict[str, Scale] = {}
    taxonomies: dict[str, Taxonomy] = {}
    # Scenarios are read last, so that their tags can be checked against the taxonomies.
    for reader in sorted(readers(files, problems), key=lambda reader: reader.file not in (SCALES, TAXONOMIES)):
        if reader.file == SCALES:
            _scales(reader, scales)
        elif reader.file == TAXONOMIES:
            _taxonomies(reader, taxonomies)
        else:
            _scenarios(reader, taxonomies, scenarios)
    if problems:
        raise LibraryError(problems)
    return Catalogue(
        scenarios=MappingProxyType(scenarios),
        scales=MappingProxyType(scales),
        taxonomies=MappingProxyType(taxonomies),
    )


def own_scale(text: str) -> MatrixScale:
    """The matrix of an organisation's own, from TOML in the form of risks/scales.toml. Raises LibraryError."""
    found = load_risks({SCALES: text.encode()}).scales.values()
    matrices = [one for one in found if isinstance(one, MatrixScale)]
    if len(matrices) != 1 or len(found) != 1:
        raise LibraryError([f"{SCALES}: file: it has {len(found)} scales; give one [[matrix]]"])
    return matrices[0]


def dangling(catalogue: Catalogue, library: Library) -> tuple[str, ...]:
    """A sentence for each control that a scenario names and that the library does not have."""
    return tuple(
        f"risks/{scenario.area}.toml: {scenario.id}: control {control!r} does not exist"
        for scenario in catalogue.scenarios.values()
        for control in scenario.controls
        if control not in library.controls
    )


# --- scenarios


def _scenarios(reader: Reader, taxonomies: Mapping[str, Taxonomy], found: dict[str, Scenario]) -> None:
    area = reader.one_of("area", AREAS)
    if area != Path(reader.file).stem:
        reader.wrong(f"area is {area!r}, but the file is named {Path(reader.file).stem}")
    for table in reader.tables("scenario"):
        scenario = _scenario(table, area, taxonomies)
        if scenario.id in found:
            table.wrong("the id occurs twice")
        found[scenario.id] = scenario
    reader.done()


def _scenario(reader: Reader, area: Any, taxonomies: Mapping[str, Taxonomy]) -> Scenario:
    found = Scenario(
        id=reader.text("id"),
        title=reader.text("title"),
        area=area,
        level=reader.one_of("level", ("organisation", "system")),
        asset=reader.text("asset"),
        threat=reader.text("threat"),
        weakness=reader.text("weakness"),
        consequence=_harms(reader, "consequence", every=False),
        likelihood=_step(reader, "likelihood"),
        impact=_step(reader, "impact"),
        because=reader.text("because"),
        controls=reader.words("controls"),
        tags=MappingProxyType({one.id: _tags(reader, one) for one in taxonomies.values()}),
        built=reader.words("built", tuple(word for word in BUILT if word)),
        personal_data=bool(reader.take("personal_data", (bool,), False)),
    )
    if not found.controls:
        reader.wrong("it names no control, so nobody could do anything about it")
    if len(set(found.controls)) < len(found.controls):
        reader.wrong("it names a control twice")
    if found.level == "organisation" and (found.built or found.personal_data):
        reader.wrong("built and personal_data are for scenarios of the level system")
    reader.done()
    return found


def _step(reader: Reader, key: str) -> int:
    value = int(reader.take(key, (int,)))
    if not LOWEST <= value <= HIGHEST:
        reader.wrong(f"{key} is {value}; it is a step from {LOWEST} to {HIGHEST}")
    return value


def _tags(reader: Reader, taxonomy: Taxonomy) -> tuple[str, ...]:
    named = reader.words(taxonomy.key)
    for tag in named:
        if tag not in taxonomy.tags:
            reader.wrong(f"{taxonomy.key} names {tag!r}, which is not among the tags of {taxonomy.id}")
    return named


def _harms(reader: Reader, key: str, *, every: bool) -> Mapping[Harmed, str]:
    """Who is harmed and how, in the fixed order; all four if `every`, else at least one."""
    one = Reader(
        file=reader.file, where=f"{reader.where} {key}", table=reader.take(key, (dict,)), problems=reader.problems
    )
    found = {who: one.text(who) for who in HARMED if every or who in one.table}
    if not found:
        one.wrong(f"nobody is harmed; it names at least one of {', '.join(HARMED)}")
    one.seen.update(HARMED)
    one.done()
    return MappingProxyType(found)


# --- taxonomies


def _taxonomies(reader: Reader, found: dict[str, Taxonomy]) -> None:
    for table in reader.tables("taxonomy"):
        taxonomy = _taxonomy(table)
        if taxonomy.id in found or taxonomy.key in {other.key for other in found.values()}:
            table.wrong("the id or the key occurs twice")
        found[taxonomy.id] = taxonomy
    reader.done()


def _taxonomy(reader: Reader) -> Taxonomy:
    tags: dict[str, Tag] = {}
    read_on = reader.day("read_on")
    if read_on is None:
        reader.wrong("read_on is missing")
    for table in reader.tables("tag"):
        tag = Tag(
            id=table.text("id"),
            title=table.text("title"),
            confidence=Confidence(table.one_of("confidence", tuple(Confidence))),
        )
        if tag.id in tags:
            table.wrong("the id occurs twice")
        tags[tag.id] = tag
        table.done()
    values = {key: reader.text(key) for key in ("id", "key", "title", "publisher", "release", "source_url", "note")}
    reader.done()
    # A day that is missing is already a problem, so its stand-in is never seen.
    return Taxonomy(read_on=read_on or date.min, tags=MappingProxyType(tags), **values)


# --- scales


def _scales(reader: Reader, found: dict[str, Scale]) -> None:
    kept: list[tuple[Reader, Scale]] = [(table, _matrix(table)) for table in reader.tables("matrix")]
    kept += [(table, _quantity(table)) for table in reader.tables("quantity")]
    for table, scale in kept:
        if scale.id in found:
            table.wrong("the id occurs twice")
        found[scale.id] = scale
    reader.done()


def _matrix(reader: Reader) -> MatrixScale:
    likelihood = tuple(_likelihood(table) for table in reader.tables("likelihood"))
    impact = tuple(_impact(table) for table in reader.tables("impact"))
    levels = tuple(_level(table, quantity=False) for table in reader.tables("level"))
    rows = tuple(tuple(str(one) for one in row) for row in reader.take("rows", (list,)) if isinstance(row, list))
    for side, steps in (("likelihood", likelihood), ("impact", impact)):
        if [step.value for step in steps] != list(range(1, len(steps) + 1)) or not steps:
            reader.wrong(f"the steps of {side} are not 1, 2, 3 and so on")
    _check_joints(reader, "likelihood", [(step.from_per_year, step.to_per_year) for step in likelihood])
    _check_joints(reader, "impact", [(step.from_share, step.to_share) for step in impact])
    known = [level.id for level in levels]
    if len(rows) != len(likelihood) or any(len(row) != len(impact) for row in rows):
        reader.wrong("rows has a row for each likelihood, and each row a level for each impact")
    strangers = sorted({one for row in rows for one in row} - set(known))
    for stranger in strangers:
        reader.wrong(f"rows names the level {stranger!r}; known are {', '.join(known)}")
    if not strangers and any(
        list(line) != sorted(line, key=known.index) for line in (*rows, *zip(*rows, strict=False))
    ):
        reader.wrong("rows has a level that falls where likelihood or impact rises")
    for side, steps in (("likelihood", likelihood), ("impact", impact)):
        if len(steps) > MOST_STEPS:
            reader.wrong(f"{side} has {len(steps)} steps; {MOST_STEPS} are the most")
    scale = MatrixScale(
        id=reader.text("id"),
        title=reader.text("title"),
        use=reader.text("use"),
        likelihood=likelihood,
        impact=impact,
        rows=rows,
        levels=levels,
    )
    reader.done()
    return scale


def _check_joints(reader: Reader, side: str, ranges: list[tuple[float, float | None]]) -> None:
    """The ranges of steps begin at nothing, meet without gap or overlap, and the last is open."""
    lower = [low for low, _ in ranges]
    upper = [high for _, high in ranges]
    if ranges and (lower[0] != 0 or upper[-1] is not None or lower[1:] != upper[:-1] or lower != sorted(set(lower))):
        reader.wrong(f"the ranges of {side} do not run from 0 upwards, each from where the one before ends")


def _likelihood(reader: Reader) -> LikelihoodStep:
    step = LikelihoodStep(
        value=reader.take("value", (int,)),
        word=reader.text("word"),
        meaning=reader.text("meaning"),
        from_per_year=_number(reader, "from_per_year"),
        to_per_year=_number(reader, "to_per_year") if "to_per_year" in reader.table else None,
    )
    reader.done()
    return step


def _impact(reader: Reader) -> ImpactStep:
    step = ImpactStep(
        value=reader.take("value", (int,)),
        word=reader.text("word"),
        from_share=_number(reader, "from_share"),
        to_share=_number(reader, "to_share") if "to_share" in reader.table else None,
        meaning=_harms(reader, "meaning", every=True),
    )
    reader.done()
    return step


def _quantity(reader: Reader) -> QuantityScale:
    levels = tuple(_level(table, quantity=True) for table in reader.tables("level"))
    starts = [level.from_share for level in levels]
    if not levels or starts[0] != 0 or starts != sorted(set(starts)):
        reader.wrong("the levels do not begin at 0 and rise")
    scale = QuantityScale(
        id=reader.text("id"),
        title=reader.text("title"),
        use=reader.text("use"),
        least_per_year=_number(reader, "least_per_year"),
        most_per_year=_number(reader, "most_per_year"),
        ruin_share=_number(reader, "ruin_share"),
        ruin_level=reader.text("ruin_level"),
        levels=levels,
    )
    if scale.ruin_level not in {level.id for level in levels}:
        reader.wrong(f"ruin_level is {scale.ruin_level!r}, which is no level of the scale")
    reader.done()
    return scale


def _level(reader: Reader, *, quantity: bool) -> RiskLevel:
    found = RiskLevel(
        id=reader.text("id"),
        title=reader.text("title"),
        accepted_by=reader.text("accepted_by"),
        rule=reader.text("rule"),
        from_share=_number(reader, "from_share") if quantity else 0.0,
    )
    reader.done()
    return found


def _number(reader: Reader, key: str) -> float:
    value = float(reader.take(key, (float, int)))
    if not 0 <= value < float("inf"):
        reader.wrong(f"{key} is {value}; it is a number, 0 or more")
    return value
