"""Two frameworks side by side: what corresponds to what, in which groups, and what either asks that the other does not.

The mappings say some of it themselves. What follows from two of them in a row, through a third framework, is a hint
and is counted apart.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from annexa.answers.errors import UnknownError, no_framework
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.mappings import STRONGEST, SUREST, End, Related, compose, inverse, least
from annexa.pure.permits import Actor
from annexa.pure.posture import Verdict, roll_up
from annexa.pure.standards import Confidence, Edge, Framework, Library, Relation, Requirement
from annexa.pure.tables import with_guard

MOST_GROUPS = 20
"""More groups than this on one side cannot be read beside each other."""
FEW_GROUPS = 8
"""With fewer groups than this, single requirements may stand beside them."""
OTHERS = "others"
"""The group of what is too small to stand alone."""
COLUMNS = (
    "from framework", "from", "from title", "from verdict", "relation", "to framework", "to", "to title", "to verdict",
    "confidence", "why", "source", "through framework", "through",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a pair is wanted. `concluded` None: conclusions only where no mapping says anything itself."""

    group: str = ""
    target_group: str = ""
    requirement: str = ""
    relation: str = ""
    confidence: str = ""
    concluded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which two are compared, and which can be: adopted ones first. `mapped` counts the edges to the first one."""

    frameworks: tuple[Framework, ...]
    adopted: tuple[str, ...]
    source: str
    target: str
    mapped: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One requirement that has to do with one of the other framework; `via` is the one in between, if any."""

    start: Requirement
    end: Requirement
    related: Related
    via: tuple[Framework, Requirement] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A clause, chapter or area with the number of connections that it has; `others` holds the small ones together."""

    key: str
    title: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A requirement with which the other framework has nothing to do, nor with any of the `duties` below it."""

    requirement: Requirement
    duties: int
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: its duties, how many of them have something in the other, what has nothing, and its groups.

    `outside` are the chapters that are not compared, because the library holds the other edition without them.
    """

    framework: Framework
    duties: int
    touched: int
    gaps: tuple[Gap, ...]
    outside: tuple[Requirement, ...]
    groups: tuple[Group, ...]
    verdicts: Mapping[str, Verdict]

    @property
    def untouched(self) -> int:
        """Duties that have nothing in the other framework."""
        return self.duties - self.touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two frameworks side by side. `shown` is the pair as it is looked at, `chosen` what the filters leave of it.

    `cells` counts what is shown between each two groups; `relations` and `confidences` count what each choice would
    leave. `asked` is the requirement that was searched for, None if the first framework has none of that id.
    """

    at: datetime
    ledger_size: int
    source: Side
    target: Side
    editions: bool
    direct: int
    hints: int
    concluded: bool
    through: tuple[Framework, ...]
    shown: tuple[Connection, ...]
    chosen: tuple[Connection, ...]
    cells: Mapping[tuple[str, str], int]
    relations: Mapping[Relation, int]
    confidences: Mapping[Confidence, int]
    asked: Requirement | None


def choice(*, actor: Actor, now: datetime, at: datetime | None = None, source: str = "", target: str = "") -> Choice:
    """Which two frameworks to compare where somebody named none or one of them. Raises UnknownError."""
    library = standpoint(actor=actor, now=now, at=at).library
    adopted = adopted_frameworks(library)
    order = (*adopted, *(one for one in sorted(library.frameworks) if one not in adopted))
    for one in (source, target):
        if one and one not in library.frameworks:
            raise no_framework(one, library.frameworks)
    first = source or next(one for one in order if one != target)
    mapped = _mapped(library, first)
    both = [one for one in adopted if one != first] if not source else []
    second = target or next((one for one in (*both, *order) if one != first and (one in both or mapped[one])), "")
    return Choice(
        frameworks=tuple(library.frameworks[one] for one in order),
        adopted=adopted,
        source=first,
        target=second or next(one for one in order if one != first),
        mapped=mapped,
    )


def compare(
    *,
    actor: Actor,
    source: str,
    target: str,
    asked: Asked,
    now: datetime,
    at: datetime | None = None,
    hindsight: bool = False,
) -> Comparison:
    """Two frameworks side by side, with what the filters leave. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    here, there = _known(stand.library, source), _known(stand.library, target)
    if here is there:
        raise UnknownError(f"{here.title} is not compared with itself.")
    everything = connections(stand.library, here, there)
    direct = sum(one.via is None for one in everything)
    concluded = not direct if asked.concluded is None else asked.concluded
    shown = tuple(one for one in everything if concluded or one.via is None)
    left = _grouped(here, Counter(one.start.id for one in shown))
    right = _grouped(there, Counter(one.end.id for one in shown))
    wanted = here.by_id.get(asked.requirement)
    sieve = _Sieve(asked=asked, searched=_searched(here, wanted, shown), left=left, right=right)
    any_relation = replace(sieve, asked=replace(asked, relation=""))
    any_confidence = replace(sieve, asked=replace(asked, confidence=""))
    editions = _standard(here) == _standard(there)
    return Comparison(
        at=stand.at,
        ledger_size=stand.size,
        source=_side(stand, here, left, Counter(one.start.id for one in shown), there if editions else None),
        target=_side(stand, there, right, Counter(one.end.id for one in shown), here if editions else None),
        editions=editions,
        direct=direct,
        hints=len(everything) - direct,
        concluded=concluded,
        through=tuple({one.via[0].id: one.via[0] for one in everything if one.via}.values()),
        shown=shown,
        chosen=tuple(one for one in shown if sieve.keeps(one)),
        cells=Counter((left[one.start.id], right[one.end.id]) for one in shown),
        relations=Counter(one.related.relation for one in shown if any_relation.keeps(one)),
        confidences=Counter(one.related.confidence for one in shown if any_confidence.keeps(one)),
        asked=wanted,
    )


def as_csv(found: Comparison) -> bytes:
    """The whole pair as it is looked at, without filters, with why and whence, and our verdict on both ends."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    source, target = found.source, found.target
    for one in found.shown:
        edges, via = one.related.edges, one.via or ()
        writer.writerow(with_guard(cell) for cell in (
            source.framework.id, one.start.id, one.start.title, source.verdicts.get(one.start.id, ""),
            one.related.relation,
            target.framework.id, one.end.id, one.end.title, target.verdicts.get(one.end.id, ""),
            one.related.confidence, " ".join(edge.rationale for edge in edges),
            "; ".join(dict.fromkeys(edge.source for edge in edges)), *(step.id for step in via),
        ))  # fmt: skip
    return out.getvalue().encode()


# --- what corresponds ---------------------------------------------------------------------------------------------

Arrows = Mapping[str, tuple[tuple[End, Relation, Edge], ...]]
"""From each requirement of one framework, where edges lead."""


def connections(library: Library, here: Framework, there: Framework) -> tuple[Connection, ...]:
    """Every connection of two frameworks, in the reading order of the first; said by a mapping, or concluded.

    The same as asking `annexa.pure.mappings.related` for each requirement of the first, in one go.
    """
    out, back = _arrows(library, here.id), _arrows(library, there.id)
    onward: dict[End, list[tuple[str, Relation, Edge]]] = defaultdict(list)
    for end, arrows in back.items():
        for between, relation, edge in arrows:
            onward[between].append((end, inverse(relation), edge))
    place = {one.id: n for n, one in enumerate(there.requirements)}
    return tuple(
        Connection(start=start, end=there.by_id[one.requirement], related=one, via=_through(library, one))
        for start in here.requirements
        for one in sorted(
            _from(library, start.id, there.id, out, onward),
            key=lambda one: (one.via is not None, STRONGEST.index(one.relation), place[one.requirement]),
        )
    )


def _from(
    library: Library,
    start: str,
    there: str,
    out: Arrows,
    onward: Mapping[End, list[tuple[str, Relation, Edge]]],
) -> Iterator[Related]:
    near = _best(
        Related(framework=end[0], requirement=end[1], relation=relation, confidence=edge.confidence, edges=(edge,))
        for end, relation, edge in out.get(start, ())
    )
    said = {one.requirement for one in near if one.framework == there}
    yield from (one for one in near if one.framework == there)
    yield from _best(
        Related(
            framework=there,
            requirement=end,
            relation=compose(first.relation, relation),
            confidence=least(first.confidence, edge.confidence),
            edges=(*first.edges, edge),
            via=first.end,
        )
        for first in near
        if first.framework != there and library.frameworks[first.framework].status == "current"
        for end, relation, edge in onward.get(first.end, ())
        if end not in said
    )


def _best(found: Iterable[Related]) -> tuple[Related, ...]:
    """Each end once, by its strongest and surest path."""
    chosen: dict[End, Related] = {}
    for one in sorted(found, key=lambda one: (STRONGEST.index(one.relation), SUREST.index(one.confidence))):
        chosen.setdefault(one.end, one)
    return tuple(chosen.values())


def _arrows(library: Library, framework: str) -> Arrows:
    found: dict[str, list[tuple[End, Relation, Edge]]] = defaultdict(list)
    for mapping in library.mappings:
        if framework == mapping.source:
            for edge in mapping.edges:
                found[edge.start].append(((mapping.target, edge.end), edge.relation, edge))
        elif framework == mapping.target:
            for edge in mapping.edges:
                found[edge.end].append(((mapping.source, edge.start), inverse(edge.relation), edge))
    return {start: tuple(arrows) for start, arrows in found.items()}


def _through(library: Library, one: Related) -> tuple[Framework, Requirement] | None:
    if one.via is None:
        return None
    between = library.frameworks[one.via[0]]
    return between, between.by_id[one.via[1]]


def _mapped(library: Library, framework: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for mapping in library.mappings:
        if framework in {mapping.source, mapping.target}:
            found[mapping.target if framework == mapping.source else mapping.source] += len(mapping.edges)
    return found


def _known(library: Library, framework: str) -> Framework:
    found = library.frameworks.get(framework)
    if found is None:
        raise no_framework(framework, library.frameworks)
    return found


def _standard(framework: Framework) -> str:
    """The standard of which this is an edition: "iso27001" for iso27001-2022."""
    return framework.id.rpartition("-")[0] or framework.id


# --- filters ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sieve:
    """What is asked of the pair, ready to be put to each connection."""

    asked: Asked
    searched: frozenset[str]
    left: Mapping[str, str]
    right: Mapping[str, str]

    def keeps(self, one: Connection) -> bool:
        asked = self.asked
        return (
            asked.group in {"", self.left[one.start.id]}
            and asked.target_group in {"", self.right[one.end.id]}
            and asked.relation in {"", one.related.relation}
            and asked.confidence in {"", one.related.confidence}
            and (not asked.requirement or one.start.id in self.searched)
        )


def _searched(here: Framework, wanted: Requirement | None, shown: Iterable[Connection]) -> frozenset[str]:
    """The starts that answer a search for one requirement: itself and its parts, or else the nearest group above it."""
    if wanted is None:
        return frozenset()
    starts = {one.start.id: one.start for one in shown}
    own = frozenset(one for one, start in starts.items() if wanted in here.lineage(start))
    return own or frozenset([step.id for step in here.lineage(wanted) if step.id in starts][:1])


# --- groups -------------------------------------------------------------------------------------------------------


def _grouped(framework: Framework, ends: Mapping[str, int]) -> Mapping[str, str]:
    """The group of every requirement that is an end: as fine as can still be read, the smallest ones together.

    Begins with the top level. Groups of one kind are opened while one of them holds more than a fifth; where that
    would give too many, only the largest is, if it holds more than a third. Single requirements stand for themselves
    only while there are few groups.
    """
    total, weight = sum(ends.values()), _weights(framework, ends)
    chosen = {top.id for top in framework.children.get(None, ()) if weight[top.id]}
    while (finer := _finer(framework, chosen, ends, weight, total)) is not None:
        chosen = finer
    kept = chosen
    if len(chosen) > MOST_GROUPS:
        own = _own(framework, chosen, ends)
        kept = set(sorted(chosen, key=lambda one: (-own[one], list(framework.by_id).index(one)))[: MOST_GROUPS - 1])
    return {end: group if (group := _nearest(framework, end, chosen)) in kept else OTHERS for end in ends}


def _finer(
    framework: Framework, chosen: set[str], ends: Mapping[str, int], weight: Mapping[str, int], total: int
) -> set[str] | None:
    below = {one: {part.id for part in framework.children.get(one, ()) if weight[part.id]} for one in chosen}
    closed = sorted((one for one in chosen if below[one] and not below[one] & chosen), key=lambda one: -weight[one])
    for largest in closed:
        groups = sum(part in framework.children for part in below[largest]) * 2 > len(below[largest])
        if not groups and len(chosen) >= FEW_GROUPS:
            continue
        kind = framework.by_id[largest].kind
        alike = {one for one in closed if framework.by_id[one].kind == kind}
        opened = _opened(chosen, alike, below, ends)
        if weight[largest] * 5 > total and len(opened) <= MOST_GROUPS:
            return opened
        opened = _opened(chosen, {largest}, below, ends)
        if weight[largest] * 3 > total and (groups or len(opened) <= MOST_GROUPS):
            return opened
    return None


def _opened(chosen: set[str], which: set[str], below: Mapping[str, set[str]], ends: Mapping[str, int]) -> set[str]:
    """Groups replaced by their parts; one that is itself an end stays beside them."""
    return {one for one in chosen if one not in which or ends.get(one)}.union(*(below[one] for one in which))


def _weights(framework: Framework, ends: Mapping[str, int]) -> Counter[str]:
    weight: Counter[str] = Counter()
    for end, n in ends.items():
        for step in framework.lineage(framework.by_id[end]):
            weight[step.id] += n
    return weight


def _own(framework: Framework, chosen: set[str], ends: Mapping[str, int]) -> Counter[str]:
    own: Counter[str] = Counter()
    for end, n in ends.items():
        own[_nearest(framework, end, chosen)] += n
    return own


def _nearest(framework: Framework, end: str, chosen: set[str]) -> str:
    return next(step.id for step in framework.lineage(framework.by_id[end]) if step.id in chosen)


def _groups(framework: Framework, groups: Mapping[str, str], ends: Mapping[str, int]) -> tuple[Group, ...]:
    """The groups in reading order, the small ones last."""
    count: Counter[str] = Counter()
    for end, n in ends.items():
        count[groups[end]] += n
    named = (Group(key=one.id, title=one.title, count=count[one.id]) for one in framework.requirements if count[one.id])
    rest = (Group(key=OTHERS, title="", count=count[OTHERS]),) if count[OTHERS] else ()
    return (*named, *rest)


# --- the two sides ------------------------------------------------------------------------------------------------


def _side(
    stand: Standpoint,
    framework: Framework,
    groups: Mapping[str, str],
    ends: Mapping[str, int],
    other: Framework | None,
) -> Side:
    """One side; `other` is the other edition of the same standard, whose chapters are all that can be compared."""
    outside = tuple(top for top in framework.children[None] if other is not None and top.id not in other.by_id)
    lineages = {leaf.id: tuple(framework.lineage(leaf)) for leaf in framework.leaves if not leaf.no_duty}
    compared = {leaf: line for leaf, line in lineages.items() if line[-1] not in outside}
    touched = {leaf for leaf, line in compared.items() if any(step.id in ends for step in line)}
    verdicts = _verdicts(stand, framework, lineages)
    return Side(
        framework=framework,
        duties=len(compared),
        touched=len(touched),
        gaps=tuple(_gaps(framework, compared.keys(), touched, verdicts)),
        outside=outside,
        groups=_groups(framework, groups, ends),
        verdicts=verdicts,
    )


def _verdicts(
    stand: Standpoint, framework: Framework, lineages: Mapping[str, tuple[Requirement, ...]]
) -> Mapping[str, Verdict]:
    """The organisation's verdict on every leaf and group; not on what is nobody's duty."""
    below: dict[str, list[Verdict]] = defaultdict(list)
    for line in stand.posture(framework.id).lines:
        for step in lineages.get(line.requirement.id, ()):
            below[step.id].append(line.verdict)
    return {one: roll_up(verdicts) for one, verdicts in below.items()}


def _gaps(
    framework: Framework, duties: Iterable[str], touched: set[str], verdicts: Mapping[str, Verdict]
) -> Iterator[Gap]:
    """What the other does not touch, as whole groups where nothing in them is touched."""
    asks, silent = Counter[str](), Counter[str]()
    for leaf in duties:
        for step in framework.lineage(framework.by_id[leaf]):
            asks[step.id] += 1
            silent[step.id] += leaf not in touched
    waiting = list(reversed(framework.children.get(None, ())))
    while waiting:
        one = waiting.pop()
        if silent[one.id] and silent[one.id] == asks[one.id]:
            yield Gap(requirement=one, duties=asks[one.id], verdict=verdicts.get(one.id))
        elif silent[one.id]:
            waiting.extend(reversed(framework.children.get(one.id, ())))
