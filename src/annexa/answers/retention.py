"""How long the activity log is kept: what was chosen, what the law asks, what is held, what goes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from django.db.models import Count, Max, Min, Q, Sum

from annexa.answers.activity_sources import current_choices
from annexa.answers.segments import unexpired
from annexa.library.regimes import regimes
from annexa.pure.activity_sources import USUAL
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Actor, Permit, may
from annexa.pure.retention import ROLES, Hold, LogRule, Terms, Until, binding, kept_until
from annexa.records.activity import SegmentFile
from annexa.records.retention import ActivityErasure, Leaving, LegalHold
from annexa.records.systems import AiSystem

_FROM: Final = "generation of the log"
"""From when rules of the library count that are about logs of AI systems."""


@cache
def log_rules() -> tuple[LogRule, ...]:
    """The rules of the library's laws that have logs of AI systems kept for some months at least."""
    return tuple(
        LogRule(
            id=one.id, article=f"{regime.title} {one.article}", months=one.months,
            actor=next((role for role in ROLES if role in one.actor), ""),
        )
        for regime in regimes().values()
        for one in regime.retention
        if one.rule == "at_least" and one.start_event == _FROM and one.months
    )  # fmt: skip


def terms_of(systems: Sequence[str]) -> Mapping[str, Terms]:
    """How long the events of these systems ("": nobody's) are kept. Two queries."""
    choices = current_choices()
    known = {
        slug: (roles, classes)
        for slug, roles, classes in AiSystem.objects.filter(slug__in=systems).values_list("slug", "roles", "classes")
    }
    found = {}
    for slug in systems:
        chosen_for = slug if slug in choices else ORGANISATION if ORGANISATION in choices else ""
        roles, classes = known.get(slug, ((), ()))
        found[slug] = Terms(
            days=choices.get(chosen_for, USUAL).retention_days, chosen_for=chosen_for,
            law=binding(log_rules(), roles=roles, classes=classes),
        )  # fmt: skip
    return found


def holds_now() -> tuple[Hold, ...]:
    """The holds that nobody released, the first one first. One query."""
    rows = LegalHold.objects.filter(release__isnull=True).order_by("recorded_at", "id")
    return tuple(one.value() for one in rows)


def holds_of(*, actor: Actor) -> tuple[LegalHold, ...]:
    """The holds that this actor may know of, those in force first, each with its release. One query."""
    rows = LegalHold.objects.visible_to(actor).select_related("release", "release__by", "by")
    return tuple(sorted(rows.order_by("-recorded_at", "id"), key=lambda one: hasattr(one, "release")))


def erasures_of(*, actor: Actor) -> tuple[ActivityErasure, ...]:
    """The erasures that this actor may know of, the latest first, each with its steps. Two queries."""
    rows = ActivityErasure.objects.visible_to(actor).select_related("by").prefetch_related("steps", "steps__by")
    return tuple(rows.order_by("-recorded_at", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """What is kept of one system ("": of nobody's), until when and by what, and what went.

    `since`: when the first event that is still there was received. `next`: until when that hour stays.
    `erased`, `expired`: how many events lost what was said in them, and how many went whole.
    """

    slug: str
    name: str
    terms: Terms
    events: int
    since: datetime | None
    last: datetime | None
    next: Until | None
    holds: tuple[Hold, ...]
    erased: int
    expired: int

    @property
    def stays(self) -> bool:
        """Whether a hold keeps all of it, so that nothing goes however old it is."""
        return any(not one.user and one.since is None and one.until is None for one in self.holds)


def overview(*, actor: Actor) -> tuple[KeptLine, ...]:
    """Each AI system whose activity was ever kept, by name; for who reads everything also what is nobody's.

    Cost: six queries, one of which counts segments.
    """
    rows = AiSystem.objects.visible_to(actor).values_list("slug", "name")
    names = dict(rows)
    if isinstance(may(actor, "read"), Permit):
        names[""] = ""
    kept = {
        one["system"]: one
        for one in unexpired()
        .filter(system__in=names)
        .values("system")
        .annotate(
            many=Sum("records"), first=Min("first_received_at"), oldest=Min("last_received_at"),
            last=Max("last_received_at"),
        )
    }  # fmt: skip
    gone = {
        one["system"]: one
        for one in SegmentFile.objects.filter(system__in=names, why__in=("erased", "expired"))
        .values("system")
        .annotate(erased=Sum("erased"), expired=Sum("records", filter=Q(path="")), files=Count("id"))
    }
    holds = holds_now()
    terms = terms_of(sorted(kept.keys() | gone.keys()))
    lines = [_line(slug, names[slug], terms[slug], kept.get(slug), gone.get(slug), holds) for slug in terms]
    return tuple(sorted(lines, key=lambda one: (not one.slug, one.name.casefold(), one.slug)))


def _line(
    slug: str, name: str, terms: Terms, kept: Mapping[str, object] | None, gone: Mapping[str, object] | None,
    holds: Sequence[Hold],
) -> KeptLine:  # fmt: skip
    oldest = kept["oldest"] if kept else None
    return KeptLine(
        slug=slug, name=name, terms=terms,
        events=_number(kept, "many"), since=_instant(kept, "first"), last=_instant(kept, "last"),
        next=kept_until(oldest, terms) if isinstance(oldest, datetime) else None,
        holds=tuple(one for one in holds if one.system in {"", slug}),
        erased=_number(gone, "erased"), expired=_number(gone, "expired"),
    )  # fmt: skip


def _number(row: Mapping[str, object] | None, name: str) -> int:
    found = row[name] if row else 0
    return found if isinstance(found, int) else 0


def _instant(row: Mapping[str, object] | None, name: str) -> datetime | None:
    found = row[name] if row else None
    return found if isinstance(found, datetime) else None


def kept_by_the_store() -> tuple[Leaving, ...]:
    """The files that are to go and that the store does not let go yet, with what it says. One query."""
    return tuple(Leaving.objects.exclude(kept="").order_by("path"))
