"""The section of a page that draws what something rests on and what rests on it, with a table and what comes along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import shorten, wrap
from typing import Any

from annexa.answers.lineage import LineagePage, Passed
from annexa.answers.registers import SYSTEM
from annexa.pure.layers import Line, Point, Sizes, drawn
from annexa.pure.lineage import Key, Reached, Spot, sentence, sketch
from annexa.pure.registers import REGISTERS

MOST_SPOTS = 40
"""Boxes that people still take in; beyond, what is alike stands together."""
MOST_ROWS = 50
LONGEST_LINE = 17
PORT = 16
"""How far apart arrows begin that say different things."""
SORTS: Mapping[str, tuple[str, str]] = {
    "ai_system": ("AI system", "AI systems"), **{noun: (one.one, one.many) for noun, one in REGISTERS.items()}
}  # fmt: skip
SIZES = Sizes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One box: `lines` of its name as far as they fit, `full` for who points at it, `sort` beneath.

    `noun`, `slug` lead to its page, `noun` "" to the table. `here`: the page it stands on. `round`: its corners;
    suppliers have none, AI systems the most.
    """

    x: int
    y: int
    lines: tuple[str, ...]
    full: str
    sort: str
    noun: str
    slug: str
    here: bool
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One arrow: its path; `says` in words for who points at it; `back`: it closes a circle."""

    path: str
    says: str
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What arrows that begin here do."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All that the template shows. Rows beyond MOST_ROWS are left to the API and the lists."""

    boxes: tuple[Drawn, ...]
    curves: tuple[Curve, ...]
    labels: tuple[Label, ...]
    width: int
    height: int
    box: Sizes
    says: str
    rows: tuple[tuple[Reached, str, str], ...]  # with what it is, and the way
    more: int
    on: bool  # whether it passes on what it has, to whatever rests on it
    passed: tuple[tuple[Passed, str, str], ...]  # with what it is, and the way
    more_passed: int


def section_of(page: LineagePage) -> Section | None:
    """The section; None where there is nothing to draw."""
    if not (page.before or page.after):
        return None
    plan = sketch(page.lineage, page.thing.key, most=MOST_SPOTS)
    ports = _ports(plan.does)
    keys = [one.key for one in plan.spots]
    below = {pair: ports[pair[0]][" and ".join(words)] for pair, words in plan.does.items()}
    picture = drawn(keys, list(plan.does), sizes=SIZES, below=below)
    by_key = {one.key: one for one in plan.spots}
    reached = (*page.before, *page.after)
    return Section(
        boxes=tuple(_box(by_key[one.key], one.x, one.y, page.thing.key) for one in picture.boxes),
        curves=tuple(_curve(one, by_key, plan.does[one.source, one.target]) for one in picture.lines),
        labels=_labels(picture.lines, plan.does),
        width=picture.width,
        height=picture.height,
        box=SIZES,
        says=_says(page),
        rows=tuple((one, _sort(one.thing.noun, one.thing.kind), _way(page, one.way)) for one in reached[:MOST_ROWS]),
        more=max(0, len(reached) - MOST_ROWS),
        on=page.thing.noun != SYSTEM,
        passed=tuple((one, _what(one), _way(page, one.way)) for one in page.passed[:MOST_ROWS]),
        more_passed=max(0, len(page.passed) - MOST_ROWS),
    )


def _says(page: LineagePage) -> str:
    """How things stand, in a sentence."""
    counts = [(noun, sum(1 for one in page.before if one.thing.noun == noun)) for noun in SORTS]
    rests = " and ".join(f"{n:,} {SORTS[noun][n > 1]}" for noun, n in counts if n)
    systems = len(page.systems)
    depend = (
        f"{systems:,} {SORTS['ai_system'][systems > 1]} depend{'s' if systems == 1 else ''} on it" if systems else ""
    )
    said = [one for one in (f"rests on {rests}" if rests else "", depend) if one]
    return (
        f"{page.thing.name} {said[0]}" + (f"; {said[1]}." if len(said) > 1 else ".") if rests else _none(page, depend)
    )


def _none(page: LineagePage, depend: str) -> str:
    return depend.replace(" on it", f" on {page.thing.name}.") or f"{page.thing.name} passes on to other assets."


def _sort(noun: str, kind: str = "") -> str:
    """What something is, as people say it."""
    one = kind or {"control": "control"}.get(noun) or SORTS[noun][0]
    return one[:1].upper() + one[1:]


def _what(one: Passed) -> str:
    """What is passed on, and through which record."""
    through = f", by {SORTS[one.through.noun][0]} {one.through.name}" if one.through else ""
    return f"{_sort(one.what.noun)} of {one.about.name}{through}"


def _way(page: LineagePage, way: Sequence[Any]) -> str:
    return sentence(page.lineage, way)


def _box(spot: Spot, x: int, y: int, here: Key) -> Drawn:
    first, many = spot.things[0], len(spot.things) > 1
    name = f"{len(spot.things):,} {SORTS[first.noun][1]}" if many else first.name
    return Drawn(
        x=x,
        y=y,
        lines=_lines(name),
        full=", ".join(one.name for one in spot.things[:12]) + (", …" if len(spot.things) > 12 else ""),
        sort="in the table below" if many else _sort(first.noun, first.kind),
        noun="" if many else first.noun,
        slug=first.slug,
        here=first.key == here,
        round={"supplier": 0, "ai_system": SIZES.height // 2}.get(first.noun, 6),
    )


def _lines(name: str) -> tuple[str, ...]:
    """A name in at most two lines, cut where it is longer."""
    first, *rest = wrap(name, LONGEST_LINE, break_long_words=True) or [name]
    return (first, shorten(" ".join(rest), LONGEST_LINE, placeholder="…")) if rest else (first,)


def _ports(does: Mapping[tuple[Key, Key], tuple[str, ...]]) -> dict[Key, dict[str, int]]:
    """How far below the middle of a box the arrows begin that say the same."""
    said: dict[Key, set[str]] = {}
    for (source, _), words in does.items():
        said.setdefault(source, set()).add(" and ".join(words))
    return {
        source: {text: n * PORT - (len(texts) - 1) * PORT // 2 for n, text in enumerate(sorted(texts))}
        for source, texts in said.items()
    }


def _labels(lines: Sequence[Line[Key]], does: Mapping[tuple[Key, Key], tuple[str, ...]]) -> tuple[Label, ...]:
    """What arrows say, once where they begin; where a circle closes there is no room, and the table says it."""
    found: dict[tuple[Point, str], Label] = {}
    for one in (one for one in lines if not one.back):
        (x, y), text = one.points[0], " and ".join(does[one.source, one.target]).replace("is used by", "used by")
        found[one.points[0], text] = Label(x=x + 5, y=y - 5, text=text)
    return tuple(found.values())


def _curve(line: Line[Key], spots: Mapping[Key, Spot], words: Sequence[str]) -> Curve:
    """An arrow as a path: level where it meets a box or passes one, bent between columns."""
    (x, y), *_ = line.points
    path = [f"M{x} {y}"]
    for n, ((x, y), (to_x, to_y)) in enumerate(pairwise(line.points)):
        bend = (to_x - x) // 2
        path.append(f"L{to_x} {to_y}" if n % 2 else f"C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}")
    source, target = (_name(spots[key]) for key in (line.source, line.target))
    return Curve(path="".join(path), says=f"{source} {' and '.join(words)} {target}", back=line.back)


def _name(spot: Spot) -> str:
    return spot.things[0].name if len(spot.things) == 1 else f"{len(spot.things)} {SORTS[spot.things[0].noun][1]}"
