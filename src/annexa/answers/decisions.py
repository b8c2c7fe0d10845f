"""Decisions that wait: classifications to be reviewed by somebody else, and plans whose date has passed."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from annexa.answers.classification import answerers_of
from annexa.answers.owners import key_of
from annexa.answers.posture import Standpoint
from annexa.library.classification import classifications
from annexa.pure.facts import Adoption
from annexa.pure.owners import Owner, Owners
from annexa.pure.permits import Actor, Permit, may
from annexa.records.classifications import ClassificationAnswers, ClassificationReview

MOST_REVIEWS = 200
"""How many reviews that were asked for, the oldest first, are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAsked:
    """A classification that waits for its review. `mine`: the person who asks may decide it."""

    tree: str
    title: str
    scope: str
    scope_name: str
    revision: int
    by: str
    at: datetime
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePlan:
    """A control that was to be in place by a day that has passed, and who answers for it."""

    control: str
    control_name: str
    scope: str
    scope_name: str
    plan_due: datetime
    owner: Owner | None


def reviews_asked(*, actor: Actor, stand: Standpoint) -> tuple[ReviewAsked, ...]:
    """Every review that was asked for and not decided yet, the oldest first. Cost: one query, two more if there is any.

    A person may decide it who reviews classifications and had no part in the answers or the request.
    """
    later = ClassificationAnswers.objects.filter(
        tree=OuterRef("answers__tree"), scope=OuterRef("answers__scope"), revision__gt=OuterRef("answers__revision")
    )
    decided = ClassificationReview.objects.filter(answers=OuterRef("answers"), number__gt=OuterRef("number"))
    rows = ClassificationReview.objects.visible_to(actor).filter(decision="asked").exclude(Exists(later))
    asked = list(rows.exclude(Exists(decided)).select_related("answers", "by").order_by("recorded_at")[:MOST_REVIEWS])
    if not asked:
        return ()
    reviews, me = isinstance(may(actor, "review_classification"), Permit), key_of(actor)
    answerers = _answerers(actor, asked)
    trees = classifications()
    return tuple(
        ReviewAsked(
            tree=one.answers.tree,
            title=trees[one.answers.tree].title if one.answers.tree in trees else one.answers.tree,
            scope=one.answers.scope,
            scope_name=stand.name_of(one.answers.scope),
            revision=one.answers.revision,
            by=one.by.name,
            at=one.recorded_at,
            mine=reviews and me not in answerers[one.answers_id],
        )
        for one in asked
    )


def late_plans(*, stand: Standpoint, owners: Owners, now: datetime) -> tuple[LatePlan, ...]:
    """Every plan whose date has passed while its control is still only planned, the oldest first."""
    found = [
        LatePlan(
            control=control.id,
            control_name=control.name,
            scope=plan.scope,
            scope_name=stand.name_of(plan.scope),
            plan_due=plan.plan_due or now,
            owner=owners.of(control.id, plan.scope),
        )
        for control in stand.library.controls.values()
        for plan in stand.portfolio.declarations(control.id)
        if _is_late(plan, now)
    ]
    return tuple(sorted(found, key=lambda one: (one.plan_due, one.control, one.scope)))


def _is_late(plan: Adoption, now: datetime) -> bool:
    return plan.is_planned and plan.plan_due is not None and plan.plan_due <= now


def _answerers(actor: Actor, asked: list[ClassificationReview]) -> dict[str, frozenset[int]]:
    """Who had a part in each revision whose review was asked for, by its id."""
    places = Q()
    for one in asked:
        places |= Q(tree=one.answers.tree, scope=one.answers.scope)
    rows: dict[tuple[str, str], list[ClassificationAnswers]] = {}
    for row in ClassificationAnswers.objects.visible_to(actor).filter(places).order_by("revision"):
        rows.setdefault((row.tree, row.scope), []).append(row)
    steps = ClassificationReview.objects.visible_to(actor).filter(answers__in=[one.answers_id for one in asked])
    by_answers: dict[str, list[ClassificationReview]] = {}
    for step in steps:
        by_answers.setdefault(step.answers_id, []).append(step)
    return {
        one.answers_id: answerers_of(rows[one.answers.tree, one.answers.scope], by_answers[one.answers_id])
        for one in asked
    }
