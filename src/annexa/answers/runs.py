"""Long lists in parts that stay right while others write: each part begins after the last thing of the one before.

Nothing is shown twice and nothing left out because something was added or removed meanwhile. What is changed so that it
stands elsewhere in the order is met where it stands when its place is reached.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower

from annexa.answers.errors import UnknownError, no_system
from annexa.answers.systems import Asked, FacetValue, facets_of, narrowed
from annexa.pure.permits import Actor
from annexa.records.controls import Judgement
from annexa.records.evidence import Evidence
from annexa.records.systems import AiSystem

T = TypeVar("T")
Place = tuple[str, str]
"""Where a part ended: the value that orders, as text, and the key that tells equals apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Generic[T]):
    """One part of a list. `last`: where it ended, to begin the next one after; None at the end."""

    rows: tuple[T, ...]
    last: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsRun:
    """One part of the register, with what each facet would leave."""

    run: Run[AiSystem]
    facets: Mapping[str, tuple[FacetValue, ...]]
    total: int


def systems_run(*, actor: Actor, asked: Asked, after: Place | None, limit: int) -> SystemsRun:
    """A part of the register of AI systems, by name or, with `asked.sort` "changed", by last change. Three queries."""
    facets, total = facets_of(actor=actor, asked=asked)
    rows = narrowed(actor=actor, asked=asked)
    if asked.sort == "changed":
        found = run_of_rows(rows.annotate(by=F("changed_at")), "by", "slug", instant_of(after), limit)
    else:
        found = run_of_rows(rows.annotate(by=Lower("name")), "by", "slug", after, limit)
    return SystemsRun(run=found, facets=facets, total=total)


def evidence_run(
    *, actor: Actor, control: str, scope: str, sha256: str, after: Place | None, limit: int
) -> Run[Evidence]:
    """A part of the evidence, the latest recorded first; of one control, in one scope or with one digest if given."""
    rows = _given(Evidence.objects.visible_to(actor), control=control, scope=scope, sha256=sha256)
    return run_of_rows(rows.select_related("by"), "recorded_at", "id", instant_of(after), limit, descending=True)


def judgements_run(
    *, actor: Actor, framework: str, subject: str, scope: str, standing: bool | None, after: Place | None, limit: int
) -> Run[Judgement]:
    """A part of the judgements, the latest first; `standing`: only those that nobody has closed, or only the others."""
    rows = _given(Judgement.objects.visible_to(actor), framework=framework, subject=subject, scope=scope)
    if standing is not None:
        rows = rows.filter(closure__isnull=standing)
    return run_of_rows(
        rows.select_related("by", "closure__by"), "recorded_at", "id", instant_of(after), limit, descending=True
    )


def one_system(*, actor: Actor, slug: str) -> AiSystem:
    """One AI system as the register has it now. Raises UnknownError."""
    found: AiSystem | None = AiSystem.objects.visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise no_system(slug, AiSystem.objects.visible_to(actor).values_list("slug", flat=True))
    return found


def one_evidence(*, actor: Actor, evidence: str) -> Evidence:
    """One piece of evidence, without its bytes. Raises UnknownError."""
    found: Evidence | None = Evidence.objects.visible_to(actor).filter(id=evidence).select_related("by").first()
    if found is None:
        raise UnknownError(f"There is no evidence {evidence!r}.")
    return found


def one_judgement(*, actor: Actor, judgement: str) -> Judgement:
    """One judgement with its closure, if it has one. Raises UnknownError."""
    rows = Judgement.objects.visible_to(actor).select_related("by", "closure__by")
    found: Judgement | None = rows.filter(id=judgement).first()
    if found is None:
        raise UnknownError(f"There is no judgement {judgement!r}.")
    return found


def run_of(rows: Sequence[T], key: Callable[[T], str], *, after: str, limit: int) -> Run[T]:
    """A part of what is in memory anyway, in its own order, after the thing with this key; from the start without."""
    keys = [key(row) for row in rows]
    if after and after not in keys:
        raise UnknownError(f"There is no {after!r} here any more to go on from; begin again.")
    start = keys.index(after) + 1 if after else 0
    shown = tuple(rows[start : start + limit])
    return Run(rows=shown, last=(key(shown[-1]), "") if start + limit < len(rows) else None)


def _given(rows: QuerySet[Any], **columns: str) -> QuerySet[Any]:
    return rows.filter(**{name: value for name, value in columns.items() if value})


def instant_of(after: Place | None) -> tuple[datetime, str] | None:
    """Where a list in order of time goes on. Raises ValueError for what is no instant."""
    return (datetime.fromisoformat(after[0]), after[1]) if after else None


def run_of_rows(
    rows: QuerySet[Any], by: str, key: str, after: tuple[Any, str] | None, limit: int, *, descending: bool = False
) -> Run[Any]:
    """A part of a table, ordered by a column and, among equals, by a key that is unique. Cost: one query."""
    if after is not None:
        way = "lt" if descending else "gt"
        rows = rows.filter(Q(**{f"{by}__{way}": after[0]}) | Q(**{by: after[0], f"{key}__{way}": after[1]}))
    sign = "-" if descending else ""
    found = list(rows.order_by(f"{sign}{by}", f"{sign}{key}")[: limit + 1])
    shown = tuple(found[:limit])
    return Run(rows=shown, last=_place(shown[-1], by, key) if len(found) > limit else None)


def _place(row: Any, by: str, key: str) -> Place:
    value = getattr(row, by)
    return (value.isoformat() if isinstance(value, datetime) else str(value), str(getattr(row, key)))
