"""Where we would stand if something were otherwise: the difference to where we stand, asked and never written."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime

from annexa.answers.errors import THEN, no_framework, no_system
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.facts import ORGANISATION, SystemFact
from annexa.pure.permits import Actor
from annexa.pure.posture import Engine, FrameworkPosture
from annexa.pure.standards import Framework, Requirement
from annexa.pure.upgrades import VerdictChange
from annexa.pure.what_if import Supposition, difference, remarks, said, suppose
from annexa.pure.what_if_files import Known, WhatIfError, parse_what_if, read_words
from annexa.records.systems import AiSystem

KEPT = 8
"""Suppositions whose outcome is remembered."""
MOST_PLACES = 500
"""AI systems in which an address may suppose a control at once: each is judged by itself from then on."""
MOVABLE = frozenset({"act", "annex", "article", "chapter", "section"})
"""Kinds of requirements whose date is offered to be moved; a file or an address may name any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One framework in one scope, before and after; None where an AI system is not in use on that side."""

    framework: Framework
    scope: str
    before: FrameworkPosture | None
    after: FrameworkPosture | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What would be otherwise. `said` has each supposition in words, `remarks` why one of them does not come true.

    `systems` are all AI systems of either side; `each`: the changes are those of every one of them, too.
    """

    at: datetime
    library: str
    ledger_size: int
    suppositions: tuple[Supposition, ...]
    said: tuple[str, ...]
    remarks: tuple[tuple[str, str], ...]
    compared: tuple[Compared, ...]
    changes: tuple[VerdictChange, ...]
    frameworks: Mapping[str, Framework]
    systems: Mapping[str, SystemFact]
    each: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be supposed about: controls, AI systems in use, suppliers, and what of the law has a date."""

    controls: tuple[tuple[str, str], ...]
    systems: tuple[tuple[str, str], ...]
    suppliers: tuple[tuple[str, int], ...]
    laws: tuple[tuple[Framework, tuple[tuple[Requirement, date | None], ...]], ...]


@dataclass(kw_only=True)
class Supposed(Standpoint):
    """Where everything would stand, with the differences found out so far by frameworks and scope."""

    changes: dict[tuple[tuple[str, ...], str], tuple[VerdictChange, ...]] = field(default_factory=dict)


def read_file(
    *, actor: Actor, data: bytes, now: datetime, at: datetime | None = None, hindsight: bool = False
) -> tuple[Supposition, ...]:
    """The suppositions of a file. Raises WhatIfError with everything that is wrong in it, UnknownError."""
    return parse_what_if(data, _known(actor, standpoint(actor=actor, now=now, at=at, hindsight=hindsight)))


def read_address(
    *, actor: Actor, words: Sequence[str], now: datetime, at: datetime | None = None, hindsight: bool = False
) -> tuple[tuple[Supposition, ...], tuple[str, ...]]:
    """The suppositions of an address as far as they can be used, and what is wrong with the others."""
    known = _known(actor, standpoint(actor=actor, now=now, at=at, hindsight=hindsight))
    problems: tuple[str, ...] = ()
    try:
        found = read_words(words, known)
    except WhatIfError as error:
        problems, found = error.problems, ()
        with suppress(WhatIfError):
            found = read_words([word for word in words if not _wrong(word, words, known)], known)
    wide = [one for one in found if _too_wide(one, known.engine)]
    told = (
        f"{one.control} is asked of {len(known.engine.systems):,} AI systems, and a page supposes it in at most "
        f"{MOST_PLACES} at once: name one, or use annexa posture --what-if"
        for one in wide
    )
    return tuple(one for one in found if one not in wide), (*problems, *told)


def what_if(
    *,
    actor: Actor,
    now: datetime,
    suppositions: Sequence[Supposition],
    at: datetime | None = None,
    frameworks: Collection[str] = (),
    scopes: Sequence[str] = (ORGANISATION,),
    most_groups: int | None = None,
    hindsight: bool = False,
) -> WhatIf:
    """Counts before and after for each framework and scope, and the verdicts that would move; those of the organisation
    with those of every AI system, unless these fall into more than `most_groups` different situations. Without
    `frameworks` the adopted ones. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    after = _supposed(stand, tuple(suppositions))
    chosen = tuple(frameworks) or adopted_frameworks(stand.library) or tuple(sorted(stand.library.frameworks))
    systems = {**stand.engine.systems, **after.engine.systems}
    _exist(stand, chosen, scopes, systems)
    one_system = scopes[0] if len(scopes) == 1 and scopes[0] != ORGANISATION else ""
    groups = max(len(stand.engine.groups), len(after.engine.groups))
    each = one_system or most_groups is None or groups <= most_groups
    if not each:
        one_system = ORGANISATION
    changes = _changes(stand, after, chosen, one_system) if suppositions else ()
    return WhatIf(
        at=stand.at,
        library=stand.library.version,
        ledger_size=stand.size,
        suppositions=tuple(suppositions),
        said=tuple(_said(stand, after, one) for one in suppositions),
        remarks=tuple(
            (_said(stand, after, one), why) for one, why in remarks(stand.engine, after.engine, suppositions)
        ),
        compared=tuple(
            Compared(
                framework=stand.library.frameworks[framework],
                scope=scope,
                before=_posture(stand, framework, scope),
                after=_posture(after, framework, scope),
            )
            for scope in scopes
            for framework in chosen
        ),
        changes=tuple(sorted(changes, key=lambda one: (chosen.index(one.framework), one.scopes[0] != ORGANISATION))),
        frameworks={framework: stand.library.frameworks[framework] for framework in chosen},
        systems=systems,
        each=bool(each),
    )


def _exist(stand: Standpoint, frameworks: Collection[str], scopes: Collection[str], systems: Collection[str]) -> None:
    for unknown in (one for one in frameworks if one not in stand.library.frameworks):
        raise no_framework(unknown, stand.library.frameworks)
    for unknown in (one for one in scopes if one != ORGANISATION and one not in systems):
        raise no_system(unknown, systems, use=THEN)


def in_use(
    *,
    actor: Actor,
    now: datetime,
    suppositions: Sequence[Supposition],
    at: datetime | None = None,
    hindsight: bool = False,
) -> tuple[str, ...]:
    """Slugs of every AI system in use on either side. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    return tuple(sorted({*stand.engine.systems, *_supposed(stand, tuple(suppositions)).engine.systems}))


def choices(*, actor: Actor, now: datetime, at: datetime | None = None, hindsight: bool = False) -> Choices:
    """What the page offers to suppose. Cost: one query besides the standpoint."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    adopted = adopted_frameworks(stand.library)
    ids = (*adopted, *(one for one in sorted(stand.library.frameworks) if one not in adopted))
    laws = [(stand.library.frameworks[one], _movable(stand.library.frameworks[one])) for one in ids]
    return Choices(
        controls=tuple((one.id, one.name) for _, one in sorted(stand.library.controls.items())),
        systems=tuple(
            sorted(((one.id, one.name) for one in stand.engine.systems.values()), key=lambda s: s[1].casefold())
        ),
        suppliers=tuple((name, len(slugs)) for name, slugs in _known(actor, stand).suppliers.items()),
        laws=tuple((framework, found) for framework, found in laws if found),
    )


def _movable(framework: Framework) -> tuple[tuple[Requirement, date | None], ...]:
    """Articles and what holds them, each with the first date on which a duty below it begins to bind."""
    first: dict[str, date] = {}
    for leaf in framework.leaves:
        if leaf.applies_from is not None and not leaf.no_duty:
            for up in framework.lineage(leaf):
                first[up.id] = min(first.get(up.id, leaf.applies_from), leaf.applies_from)
    return tuple((one, first[one.id]) for one in framework.requirements if one.id in first and one.kind in MOVABLE)


def _known(actor: Actor, stand: Standpoint) -> Known:
    """Who supplies what is no fact that verdicts depend on, so the register as it is now says it."""
    found: dict[str, list[str]] = {}
    rows = AiSystem.objects.visible_to(actor).exclude(supplier="").order_by("supplier", "slug")
    for supplier, slug in rows.values_list("supplier", "slug"):
        if slug in stand.engine.systems:
            found.setdefault(supplier, []).append(slug)
    return Known(engine=stand.engine, suppliers={name: tuple(slugs) for name, slugs in found.items()})


def _wrong(word: str, words: Sequence[str], known: Known) -> bool:
    """Whether a word of an address cannot be used, even beside the systems that the other words add."""
    added = [one for one in words if one.startswith("system-added~") and one != word]
    try:
        read_words([*added[:1], word], known)
    except WhatIfError:
        return True
    return False


def _changes(before: Standpoint, after: Supposed, frameworks: tuple[str, ...], scope: str) -> tuple[VerdictChange, ...]:
    """The verdicts that move, found out once for each choice of frameworks and scope."""
    key = (frameworks, scope)
    if key not in after.changes:
        after.changes[key] = difference(
            before.engine, after.engine, frameworks=frameworks, scope=scope, postures=(before.posture, after.posture)
        )
    return after.changes[key]


def _too_wide(one: Supposition, engine: Engine) -> bool:
    """Whether it would have to be supposed in every AI system by itself, and there are many."""
    if one.kind not in {"control-effective", "control-failing"} or one.system:
        return False
    return engine.library.controls[one.control].level == "system" and len(engine.systems) > MOST_PLACES


def _posture(stand: Standpoint, framework: str, scope: str) -> FrameworkPosture | None:
    if scope != ORGANISATION and scope not in stand.engine.systems:
        return None
    return stand.posture(framework, scope)


def _said(before: Standpoint, after: Standpoint, one: Supposition) -> str:
    """The supposition in words, by the side that knows the system it speaks of."""
    return said(one, before.engine if one.system in before.engine.systems else after.engine)


_lock = threading.Lock()
_remembered: OrderedDict[tuple[str, str, datetime, datetime | None, tuple[Supposition, ...]], Supposed] = OrderedDict()


def _supposed(stand: Standpoint, suppositions: tuple[Supposition, ...]) -> Supposed:
    """Where everything would stand. The latest few are remembered, so that a page asked for again is ready."""
    key = (stand.library.version, stand.root, stand.at, stand.learnt_by, suppositions)
    with _lock:
        if key not in _remembered:
            library, facts = suppose(stand.library, stand.engine.facts, suppositions, stand.at)
            engine = Engine(library=library, facts=facts, at=stand.at, learnt_by=stand.learnt_by)
            _remembered[key] = Supposed(engine=engine, size=stand.size, root=stand.root, until=None)
            while len(_remembered) > KEPT:
                _remembered.popitem(last=False)
        _remembered.move_to_end(key)
        return _remembered[key]
