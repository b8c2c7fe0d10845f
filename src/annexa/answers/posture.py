"""Where the organisation or one AI system stands, remembered as long as it holds and kept up fact by fact.

Verdicts and dates come from the portfolio (`annexa.pure.portfolio`), proofs from the engine, both over the same facts.
What is held for "now" goes on until an instant passes at which a verdict may change by time alone; a new fact changes
only what it reaches. Other instants are kept too, the latest few.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain

from annexa.answers.errors import UnknownError
from annexa.answers.libraries import library_at
from annexa.pure.fact_columns import Columns, columns_of
from annexa.pure.fact_index import FactIndex
from annexa.pure.facts import ORGANISATION, Fact, Facts, SystemFact
from annexa.pure.permits import Actor, Permit, Refusal, may, may_somewhere
from annexa.pure.portfolio import ORDER, Judged, Portfolio, next_change
from annexa.pure.posture import ControlProof, Engine, FrameworkPosture, RequirementProof, Verdict, changes_of
from annexa.pure.standards import Framework, Library
from annexa.records.snapshot import Snapshot, snapshot
from annexa.records.systems import AiSystem

KEPT = 8
"""Other instants whose verdicts are remembered."""
SIGHTS_KEPT = 32
"""Parts of the organisation for which the verdicts of now are remembered."""


@dataclass(kw_only=True)
class Standpoint:
    """Everything at one instant over one state of the ledger, with what has been computed so far.

    `sight`: the AI systems that it is about, where somebody reads a part of the organisation only; None: everything.
    `root` is another one for every sight. `learnt_by`: in hindsight, the instant by which facts count as learnt.
    `until`: the first instant at which a verdict may change by time alone.
    """

    engine: Engine
    size: int
    root: str
    until: datetime | None
    sight: frozenset[str] | None = None
    _columns: Columns | None = None
    _portfolio: Portfolio | None = None
    _postures: dict[tuple[str, str], FrameworkPosture] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """The instant its verdicts hold for."""
        return self.engine.at

    @property
    def learnt_by(self) -> datetime | None:
        """In hindsight, the instant by which facts count as learnt; None: by the instant itself."""
        return self.engine.learnt_by

    @property
    def library(self) -> Library:
        """The library its verdicts were computed with."""
        return self.engine.library

    @property
    def portfolio(self) -> Portfolio:
        """Every requirement in every AI system and for the organisation."""
        if self._portfolio is None:
            columns = self._columns or columns_of(self.library, self.engine.facts)
            self._portfolio = Portfolio(columns=columns, at=self.at, learnt_by=self.learnt_by)
        return self._portfolio

    @cached_property
    def learnt_later(self) -> int:
        """How many facts were true at this instant and learnt after it: what hindsight adds."""
        return sum(
            one.effective_at <= self.at < one.recorded_at for one in chain.from_iterable(self.engine.facts.kinds)
        )

    def knows_all_of(self, now: datetime) -> bool:
        """In hindsight: whether nothing was learnt since, so that it is still as we know it."""
        return self.learnt_by is not None and self._last_learnt <= self.learnt_by <= now

    @cached_property
    def _last_learnt(self) -> datetime:
        """When the latest of its facts was learnt."""
        return max((one.recorded_at for one in chain.from_iterable(self.engine.facts.kinds)), default=self.at)

    @property
    def systems(self) -> Mapping[str, SystemFact]:
        """The AI systems in use, by slug, sorted."""
        return self.engine.systems

    def in_use(self, slug: str) -> bool:
        """Whether an AI system is in use."""
        return self.portfolio.in_use(slug)

    def name_of(self, scope: str) -> str:
        """What a scope is called: the organisation, or an AI system in use; else its slug."""
        system = self.systems.get(scope)
        return "Organisation" if scope == ORGANISATION else system.name if system else scope

    def posture(self, framework: str, scope: str = ORGANISATION) -> FrameworkPosture:
        """Every requirement of a framework in a scope. Computed once. KeyError for what does not exist."""
        key = (framework, scope)
        if key not in self._postures:
            self._postures[key] = self.portfolio.posture(framework, scope)
        return self._postures[key]

    def postures(self, frameworks: Sequence[str], scopes: Sequence[str]) -> Iterator[FrameworkPosture]:
        """The same for many scopes, scope by scope; systems that cannot differ are judged once."""
        alike: dict[tuple[str, str], FrameworkPosture] = {}
        for scope in scopes:
            for framework in frameworks:
                key = (framework, self.engine.grounds(scope))
                if key not in alike:
                    alike[key] = self.portfolio.posture(framework, key[1])
                yield replace(alike[key], scope=scope)

    def tallies(self, frameworks: Sequence[str]) -> Mapping[tuple[str, str], Mapping[Verdict, int]]:
        """How many requirements have which verdict in each AI system in use, by framework and slug."""
        numbers = {one: self.portfolio.tallies(one) for one in frameworks}
        bits = self.portfolio.columns.slugs
        return {
            (one, slug): dict(zip(ORDER, map(int, numbers[one][bits[slug]]), strict=True))
            for slug in self.systems
            for one in frameworks
        }

    def judged(self, control: str) -> Judged:
        """One control for the organisation, without its proof. KeyError."""
        return self.portfolio.in_organisation(control)

    def control(self, control: str, scope: str = ORGANISATION) -> ControlProof:
        """The proof of one control. KeyError."""
        return self.engine.control(control, scope)

    def reaches_systems(self, framework: Framework) -> bool:
        """Whether a framework asks anything of single AI systems."""
        return any(self.library.reaches_systems(framework, leaf) for leaf in framework.leaves)

    def proof(self, framework: str, requirement: str, scope: str = ORGANISATION) -> RequirementProof:
        """The proof tree of one requirement. KeyError for what does not exist."""
        return self.engine.requirement(framework, requirement, scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """What is held for now, and the facts it rests on."""

    stand: Standpoint
    taken: Snapshot


_lock = threading.Lock()
_now: OrderedDict[frozenset[str] | None, _Now] = OrderedDict()
_others: OrderedDict[tuple[str, str, datetime, bool], Standpoint] = OrderedDict()


def standpoint(*, actor: Actor, now: datetime, at: datetime | None = None, hindsight: bool = False) -> Standpoint:
    """Where everything stands now, or as of another instant, past or future, with the library in force then.

    A past instant is seen as it was known then; with `hindsight` as we know now that it was.
    Raises UnknownError for an actor who may not read.
    """
    taken = seen_by(actor)
    sight = taken.sight
    if at is None:
        with _lock:
            held_now = _kept_up(_now.get(sight), taken, now)
            if held_now.stand.sight != sight:
                raise RuntimeError("What is held for one sight was given to another.")  # rather nothing than too much
            _remember(sight, held_now)
            return held_now.stand
    learnt_by = now if hindsight and at < now else None
    key = (library_at(taken, at).version, taken.root, at, learnt_by is not None)
    with _lock:
        held = _others.get(key)
        if held is None or not (learnt_by is None or held.knows_all_of(now)):
            _others[key] = _made(taken, at, learnt_by)
            while len(_others) > KEPT:
                _others.popitem(last=False)
        _others.move_to_end(key)
        return _others[key]


def seen_by(actor: Actor) -> Snapshot:
    """The facts that an actor may know of: all of them, or those about the organisation and the AI systems that their
    grants reach. Cost: a query more for the latter. Raises UnknownError for who may read nothing."""
    if isinstance(may_somewhere(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for you.")
    whole = snapshot()
    if isinstance(may(actor, "read"), Permit):
        return whole
    sight = frozenset(AiSystem.objects.visible_to(actor).values_list("slug", flat=True))
    with _lock:
        held = _now.get(sight)
    if held is not None and held.taken.root == root_of(whole.root, sight):
        return held.taken
    return narrowed(whole, sight)


def narrowed(whole: Snapshot, sight: frozenset[str]) -> Snapshot:
    """The facts about the organisation and some AI systems only, under a root of their own."""
    facts = whole.facts.about(sight)
    return replace(
        whole, root=root_of(whole.root, sight), facts=facts, index=FactIndex().plus(chain(*facts.kinds)), sight=sight
    )


def root_of(root: str, sight: frozenset[str]) -> str:
    """What tells the facts of a narrower sight apart from others at the same root."""
    return f"{root}/{hashlib.sha256(repr(sorted(sight)).encode()).hexdigest()[:16]}"


def _remember(sight: frozenset[str] | None, held: _Now) -> None:
    """Keeps what holds for now, for everything and for the latest few narrower sights."""
    _now[sight] = held
    _now.move_to_end(sight)
    narrower = [one for one in _now if one is not None]
    for one in narrower[: max(0, len(narrower) - SIGHTS_KEPT)]:
        del _now[one]


def _kept_up(held: _Now | None, taken: Snapshot, now: datetime) -> _Now:
    """What is held if nothing moved; with the new facts if only those came; made anew otherwise."""
    if held is not None and held.taken.size > taken.size:
        # Another thread was faster, with a later one; or another ledger was restored. The sight stays what it is.
        taken = snapshot() if taken.sight is None else narrowed(snapshot(), taken.sight)
    library = library_at(taken, now)
    if held is None or held.stand.library is not library or not goes_on(held.taken.facts, taken.facts):
        stand = _made(taken, now)
        stand.until = next_change(stand.portfolio.columns, now)
        return _Now(stand=stand, taken=taken)
    stand = held.stand
    in_time = stand.at <= now and (stand.until is None or now < stand.until)
    added = _added(held.taken.facts, taken.facts)
    if not in_time:
        portfolio = Portfolio(columns=stand.portfolio.columns.plus(added), at=now)
        fresh = Standpoint(
            engine=Engine(library=library, facts=taken.facts, at=now, given=taken.index),
            size=taken.size, root=taken.root, until=next_change(portfolio.columns, now), sight=taken.sight,
            _portfolio=portfolio,
        )  # fmt: skip
        return _Now(stand=fresh, taken=taken)
    if not added and (stand.size, stand.root) == (taken.size, taken.root):
        return held
    fresh = Standpoint(
        engine=stand.engine.plus(added, taken.facts, taken.index, at=now),
        size=taken.size,
        root=taken.root,
        sight=taken.sight,
        until=min([*([stand.until] if stand.until else []), *changes_of(added, now)], default=None),
        _portfolio=stand.portfolio.plus(added, at=now),
    )
    return _Now(stand=fresh, taken=taken)


def _made(taken: Snapshot, at: datetime, learnt_by: datetime | None = None) -> Standpoint:
    library = library_at(taken, at)
    return Standpoint(
        engine=Engine(library=library, facts=taken.facts, at=at, learnt_by=learnt_by, given=taken.index),
        size=taken.size,
        root=taken.root,
        sight=taken.sight,
        until=None,
        _columns=columns_at_hand(library, taken.facts),
    )


def columns_at_hand(library: Library, facts: Facts) -> Columns | None:
    """The columns that now stands on, if they hold the same facts for the same library: they serve any instant."""
    there = (one for one in tuple(_now.values()) if one.stand.library is library and one.taken.facts is facts)
    held = next(there, None)
    return held.stand.portfolio.columns if held else None


def goes_on(before: Facts, after: Facts) -> bool:
    """Whether the later facts begin with the earlier ones: facts are only added, unless another ledger was restored."""
    return all(
        len(old) <= len(new) and (not old or old[-1] is new[len(old) - 1])
        for old, new in zip(before.kinds, after.kinds, strict=True)
    )


def _added(before: Facts, after: Facts) -> list[Fact]:
    kinds = zip(before.kinds, after.kinds, strict=True)
    return list(chain.from_iterable(new[len(old) :] for old, new in kinds))
