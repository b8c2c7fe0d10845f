"""What must agree whatever was done: what pages answer, what the ledger's entries lead to, and what was seen before.

The one side asks the answers, which remember and keep up. The other knows nothing but the bytes of the ledger.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from annexa.answers.integrity import check_everything
from annexa.answers.objectives import direction
from annexa.answers.pack import make_pack
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.risks import RiskMap, acceptances, risk_map
from annexa.answers.soa import draft
from annexa.answers.verification import verify_pack
from annexa.library.load import library
from annexa.library.risks import risks as shipped_risks
from annexa.pure.fact_entries import fact_of_entry
from annexa.pure.facts import ORGANISATION, Facts, instant
from annexa.pure.kpis import KPIS, OF_FRAMEWORK
from annexa.pure.permits import Actor
from annexa.pure.posture import CONTROL_ORDER, Engine, Verdict
from annexa.pure.progress import of_controls, of_systems
from annexa.pure.registers.objectives import OBJECTIVES
from annexa.pure.registers.risks import RISKS
from annexa.pure.residual import above, residual
from annexa.pure.soa import STANDARDS, annex
from annexa.records.ledger import EntryBody, LedgerEntry, Outbox
from annexa.records.recorded import recorded_tables
from tests.honesty.acting import FRAMEWORKS

Seen = Mapping[tuple[str, ...], Any]
"""What an answer says, by what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry of the ledger, read from its bytes."""

    position: int
    kind: str
    subject: str
    actor: str
    at: datetime
    effective_at: datetime
    body: Mapping[str, Any]


class Ledger:
    """The ledger, read entry by entry as it grows: each entry once, since none ever changes."""

    def __init__(self) -> None:
        self.entries: list[Told] = []
        self.facts = Facts()

    def read(self) -> "Ledger":
        """Reads what was added."""
        assert not Outbox.objects.exists(), "entries wait for their place"
        start = len(self.entries)
        headers = LedgerEntry.objects.filter(position__gte=start).order_by("position").values_list("header", flat=True)
        bodies = EntryBody.objects.filter(position__gte=start).order_by("position").values_list("body", flat=True)
        new = [
            self._told(position, json.loads(bytes(header)), json.loads(bytes(body)))
            for position, (header, body) in enumerate(zip(headers, bodies, strict=True), start)
        ]
        self.entries += new
        facts = (
            fact_of_entry(
                kind=one.kind, body=one.body, at=one.at, effective_at=one.effective_at, actor=one.actor,
                position=one.position,
            )
            for one in new
        )  # fmt: skip
        self.facts = self.facts.plus([one for one in facts if one is not None])
        return self

    def _told(self, position: int, header: Mapping[str, Any], body: Mapping[str, Any]) -> Told:
        return Told(
            position=position, kind=header["kind"], subject=header["subject"], actor=header["actor"],
            at=instant(header["at"]), effective_at=instant(header["effective_at"]), body=body,
        )  # fmt: skip

    def states(self, kind: str, at: datetime | None = None) -> dict[str, Mapping[str, Any]]:
        """The last state of each record of a kind, by its subject, now or as it was known at an instant."""
        return {
            one.subject: one.body["state"] for one in self.entries if one.kind == kind and (at is None or one.at <= at)
        }

    def engine(self, at: datetime, sight: frozenset[str] | None = None) -> Engine:
        """The engine over all facts, or those about the organisation and some AI systems, and nothing remembered."""
        return Engine(library=library(), facts=self.facts if sight is None else self.facts.about(sight), at=at)


@dataclass(frozen=True, kw_only=True)
class Then:
    """Everything that follows from the ledger at an instant, worked out from its entries."""

    ledger: Ledger
    at: datetime

    @cached_property
    def engine(self) -> Engine:
        return self.ledger.engine(self.at)

    @property
    def today(self) -> date:
        """The day of the instant."""
        return self.at.date()

    @cached_property
    def frameworks(self) -> tuple[str, ...]:
        return tuple(self.ledger.states("organisation")["organisation/1"]["frameworks"])

    @cached_property
    def rules(self) -> tuple[Any, Mapping[str, str]]:
        """The scale and the appetite."""
        chosen = [one.body["state"] for one in self.ledger.entries if one.kind == "risk_scale" and one.at <= self.at]
        scale = shipped_risks().scales[chosen[-1]["scale"] if chosen else "5x5"]
        return scale, chosen[-1]["appetite"] if chosen else {"": scale.levels[0].id}

    def risks(self) -> Seen:
        """What is left of each risk that counts, and whether that is too much."""
        scale, appetite = self.rules
        found: dict[tuple[str, ...], Any] = {}
        for subject, state in self.ledger.states("risk", self.at).items():
            entry = RISKS.read(state)
            if RISKS.ended(entry, self.today):
                continue
            linked = (*entry.controls, *entry.controls_on_impact)
            left = residual(entry, scale, {one: self._verdict(one, entry.systems) for one in linked})
            over = left is not None and above(left.level, appetite.get(entry.area) or appetite[""], scale)
            found[(subject.partition("/")[2],)] = (_left(left), over)
        return found

    def _verdict(self, control: str, systems: tuple[str, ...]) -> Verdict:
        """How a control stands where a risk is: the worst of the AI systems in use, or the organisation."""
        where = [one for one in systems if one in self.engine.systems]
        if not where:
            return self.engine.control(control).verdict
        worst = (Verdict.NOT_APPLICABLE, *reversed(CONTROL_ORDER))
        return min((self.engine.control(control, one).verdict for one in where), key=worst.index)

    def statement(self) -> Seen:
        """Of each control of an annex: whether it applies, and whether it is implemented."""
        judged = [one for one in self.ledger.entries if one.kind == "judgement"]
        closed = {one.body["state"]["judgement"] for one in self.ledger.entries if one.kind == "closure"}
        included = [one for one in self.ledger.entries if one.kind == "soa_inclusion"]
        found: dict[tuple[str, ...], Any] = {}
        for name in STANDARDS:
            if name not in self.frameworks:
                continue
            framework = self.engine.library.frameworks[name]
            verdicts = {line.requirement.id: line.verdict for line in self.engine.posture(name).lines}
            for one in annex(framework):
                about = f"{name}/{one.id}/{ORGANISATION}"
                outs = [
                    told
                    for told in judged
                    if told.subject == about and told.body["state"]["kind"] == "exclusion"
                ]  # fmt: skip
                stands = any(
                    told.body["state"]["id"] not in closed and instant(told.body["state"]["ends_at"]) > self.at
                    for told in outs
                )  # fmt: skip
                kept = [told for told in included if told.subject == about]
                since = max((told.position for told in outs), default=-1)
                applies = False if stands else True if kept and kept[-1].position > since else None
                if one.id in verdicts:
                    found[name, one.id] = (applies, verdicts[one.id])
        return found

    def figures(self) -> Seen:
        """What is computed for each objective that counts."""
        counted = Counter(self.engine.control(one).verdict for one in self.engine.library.controls)
        found: dict[tuple[str, ...], Any] = {}
        for subject, state in self.ledger.states("objective").items():
            entry = OBJECTIVES.read(state)
            if OBJECTIVES.ended(entry, self.today) or entry.kpi not in KPIS:
                continue
            if entry.kpi == OF_FRAMEWORK:
                known = entry.kpi_of in self.engine.library.frameworks
                ready = self.engine.posture(entry.kpi_of).readiness if known else None
                value = None if ready is None else round(100 * ready, 1)
            elif KPIS[entry.kpi].check:
                value = of_systems(entry.kpi, tuple(self.engine.systems.values()))
            else:
                value = of_controls(entry.kpi, counted)
            found[(subject.partition("/")[2],)] = value
        return found

    def accepted(self) -> Seen:
        """Which acceptance counts for each risk: the one signed last, unless it was taken back."""
        proposals = self.ledger.states("risk_proposal")
        found: dict[tuple[str, ...], Any] = {
            (subject.partition("/")[2],): ("", None) for subject in self.ledger.states("risk")
        }
        counts: dict[str, str] = {}
        for one in (one.body["state"] for one in self.ledger.entries if one.kind == "risk_step"):
            about = proposals[f"risk_proposal/{one['proposal']}"]
            if one["step"] == "accepted":
                counts[about["risk"]] = one["proposal"]
                found[(about["risk"],)] = (about["level"], about["until"])
            elif one["step"] == "withdrawn" and counts.get(about["risk"]) == one["proposal"]:
                found[(about["risk"],)] = ("", None)
        return found


# --- what the answers say


def shown(actor: Actor, now: datetime, at: datetime | None = None) -> dict[str, Seen]:
    """Posture and risks as they are shown, now or as of another instant."""
    stand = standpoint(actor=actor, now=now, at=at)
    return {"posture": _posture(stand, scopes(stand)), "risks": _mapped(risk_map(actor=actor, now=now, at=at))}


def scopes(judged: Engine | Standpoint) -> tuple[str, ...]:
    """The organisation and each AI system in use."""
    return (ORGANISATION, *judged.systems)


def posture_disagreements(ledger: Ledger, actor: Actor, now: datetime, *, turn: int) -> Iterator[str]:
    """Where the posture shown now does not follow from the ledger: of the organisation, and AI systems in turn."""
    engine, stand = ledger.engine(now), standpoint(actor=actor, now=now)
    if scopes(engine) != scopes(stand):
        yield f"AI systems in use: shown {scopes(stand)}, follow {scopes(engine)}"
        return
    some = (ORGANISATION, *(one for n, one in enumerate(engine.systems) if n % 4 == turn % 4))
    yield from differing("posture", _posture(stand, some), _posture(engine, some))


def disagreements(ledger: Ledger, actor: Actor, now: datetime) -> Iterator[str]:
    """Everything else that is shown now and does not follow from the ledger."""
    then = Then(ledger=ledger, at=now)
    yield from differing("what is left of a risk", _mapped(risk_map(actor=actor, now=now)), then.risks())
    lines = draft(actor=actor, now=now).statement.lines
    drawn = {line.key: (line.applies, line.verdict) for line in lines}
    yield from differing("statement of applicability", drawn, then.statement())
    told = direction(actor=actor, now=now).objectives
    figures = {(one.row.slug,): one.last.value if one.last else None for one in told if one.computed}
    yield from differing("key figure", figures, then.figures())


def tally_disagreements(ledger: Ledger, actor: Actor, now: datetime) -> Iterator[str]:
    """Where the counts of the portfolio are not those of the lines, for every AI system and framework."""
    engine, stand = ledger.engine(now), standpoint(actor=actor, now=now)
    counted = {
        (*about, verdict): n for about, found in stand.tallies(FRAMEWORKS).items() for verdict, n in found.items() if n
    }
    lines = {
        (framework, slug, verdict): n
        for framework in FRAMEWORKS
        for slug in engine.systems
        for verdict, n in engine.posture(framework, slug).counts.items()
        if n
    }
    yield from differing("tally", counted, lines)


def disagreements_about_acceptance(ledger: Ledger, actor: Actor, now: datetime) -> Iterator[str]:
    """Where the risk, its proposals and the ledger do not tell the same about who lives with it."""
    found = risk_map(actor=actor, now=now)
    expected = Then(ledger=ledger, at=now).accepted()
    for risk in found.risks:
        until = risk.entry.accepted_until
        said = (risk.entry.accepted_level, until.isoformat() if until else None)
        if said != expected[(risk.slug,)]:
            yield f"acceptance of {risk.slug}: the risk says {said}, the steps say {expected[(risk.slug,)]}"
        lines = acceptances(actor=actor, now=now, risk=risk, rules=found.rules)
        standing = [(one.proposal.level, one.proposal.until.isoformat()) for one in lines if one.state == "accepted"]
        if len(standing) > 1 or any(one != said for one in standing):
            yield f"acceptance of {risk.slug}: shown as accepted are {standing}, the risk says {said}"


def differing(what: str, here: Seen, there: Seen) -> Iterator[str]:
    """Each thing that two sides do not say alike."""
    for key in sorted({*here, *there}, key=str):
        if key not in here or key not in there or here[key] != there[key]:
            yield f"{what} of {'/'.join(key)}: shown {here.get(key, 'nothing')}, follows {there.get(key, 'nothing')}"


def seen_in_part(ledger: Ledger, actor: Actor, sight: frozenset[str], now: datetime) -> Iterator[str]:
    """The same for somebody who reads a part."""
    stand, engine = standpoint(actor=actor, now=now), ledger.engine(now, sight)
    yield from differing("posture in part", _posture(stand, scopes(stand)), _posture(engine, scopes(engine)))


def rows_against(ledger: Ledger) -> Iterator[str]:
    """Every row that is not what the ledger said last, by what verifies them, and by a plain comparison of states."""
    for check in check_everything(progress=lambda *_: None):
        if check.name != "published ledger":
            yield from (f"{check.name}: {one}" for one in check.findings)
    for table in recorded_tables():
        last = {
            table.key_told(subject=one.subject, state=one.body["state"]): one.body["state"]
            for one in ledger.entries
            if one.kind == table.KIND
        }
        rows = {row.key: json.loads(json.dumps(row.state(), default=str)) for row in table.objects.all()}
        yield from differing(
            table.KIND, {(key,): row for key, row in rows.items()}, {(key,): one for key, one in last.items()}
        )


def pack_problems(actor: Actor, now: datetime) -> Iterator[str]:
    """What a stranger finds wrong who has nothing but the bytes of a pack made now."""
    data = make_pack(actor=actor, frameworks=FRAMEWORKS, now=now)
    yield from (one.what for one in verify_pack(data) if not one.holds)


def _posture(judged: Engine | Standpoint, some: Iterable[str]) -> Seen:
    found: dict[tuple[str, ...], Any] = {}
    for framework in FRAMEWORKS:
        for scope in some:
            posture = judged.posture(framework, scope)
            found[framework, scope] = (posture.readiness, posture.applicable)
            found.update({(framework, line.requirement.id, scope): line.verdict for line in posture.lines})
    return found


def _mapped(found: RiskMap) -> Seen:
    return {(one.slug,): (_left(one.residual), one.over) for one in found.risks}


def _left(found: Any) -> Any:
    return found and (found.likelihood.left, found.impact.left, found.level.id)
