"""Access reviews: taking in a list, opening a review, deciding its lines, carrying that out, ending it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.grants import end_grant
from annexa.actions.leaving import shut_out
from annexa.actions.tokens import revoke_token
from annexa.answers.access import own_access
from annexa.answers.access_reviews import (
    ITSELF,
    PlannedAccess,
    earlier_of,
    lines_of,
    marks_of_person,
    place_of,
    scope_of,
)
from annexa.answers.store import blobs
from annexa.pure.access_lists import AccessLine
from annexa.pure.access_reviews import compare, counts_until, decide_problems, marks_of, progress_of, undecidable
from annexa.pure.ledger import canonical
from annexa.pure.permits import VERBS, Actor
from annexa.records.access_reviews import AccessCarriedOut, AccessDecision, AccessList, AccessReview, AccessReviewEnd
from annexa.records.grants import RoleGrant
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from annexa.records.tokens import ApiToken, TokenRevocation

LONGEST_NAME = 200
LONGEST_TO = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Which system a list is about: an AI system by slug, another one by name, or Annexa itself."""

    kind: str
    subject: str


def import_access_list(
    *, actor: Actor, person: Person | None, planned: PlannedAccess, about: Subject, taken_at: datetime, now: datetime
) -> AccessList:
    """Takes in who has access to one system, from a file that was looked at and whose bytes are in the vault.

    All of it, or nothing if anything is wrong. Ledger: access_list. Raises InvalidError with every problem,
    NotPermittedError.
    """
    problems: dict[str, list[str]] = {}
    if planned.plan.problems:
        problems["file"] = [str(problem) for problem in planned.plan.problems]
    elif not planned.plan.lines:
        problems["file"] = ["It has no line."]
    problems |= _subject_problems(about)
    if taken_at > now:
        problems["taken_at"] = [f"{taken_at:%Y-%m-%d} is not here yet; say when the list was taken from the system."]
    lines = [line.kept() for line in planned.plan.lines]
    if not problems:
        _keep_lines(lines)
    with door(actor=actor, verb="import_access", now=now) as opened:
        if problems:
            raise InvalidError(problems)
        made = AccessList(
            id=uuid.uuid4().hex,
            kind=about.kind,
            subject=about.subject.strip(),
            name=planned.name,
            sha256=planned.sha256,
            taken_at=taken_at,
            read_as=[[one.field, one.column] for one in planned.plan.columns],
            lines=lines,
            recorded_at=now,
            by=person,
        )
        opened.write(made, kind="access_list", subject=f"access_list/{made.id}")
    return made


def _keep_lines(lines: Sequence[Mapping[str, Any]]) -> None:
    """Puts the lines into the vault under the digest that the ledger commits to: the row can be rebuilt from there,
    however a later version would read the file."""
    data = canonical(lines)
    blobs().put(data, limit_bytes=len(data))


def open_access_review(
    *,
    actor: Actor,
    person: Person,
    name: str,
    lists: Sequence[str],
    reviewers: Sequence[Person],
    carrier: Person,
    due_on: date,
    now: datetime,
    because: str = "",
    itself: bool = False,
) -> AccessReview:
    """Opens a review of some lists and, with `itself`, of who has access to Annexa now. All or nothing.

    Ledger: access_review, and access_list for Annexa's own access. Raises InvalidError, NotPermittedError.
    """
    held = AccessList.objects.visible_to(actor).in_bulk(list(lists))
    own = own_access(actor=actor, now=now) if itself else ()
    lines = [*own, *(line for one in held.values() for line in lines_of(one))]
    problems = _opening_problems(
        name=name, missing=[one for one in lists if one not in held], lines=lines, reviewers=reviewers,
        carrier=carrier, due_on=due_on, today=now.date(),
    )  # fmt: skip
    # The bytes come first: a file too many is harmless, a row without its file is not.
    data = json.dumps([one.kept() for one in own], ensure_ascii=False, indent=1).encode() if own else b""
    sha256 = blobs().put(data, limit_bytes=settings.UPLOAD_LIMIT_BYTES).sha256 if own and not problems else ""
    if sha256:
        _keep_lines([one.kept() for one in own])
    with door(actor=actor, verb="open_access_review", now=now, because=because.strip()) as opened:
        if problems:
            raise InvalidError(problems)
        chosen = list(dict.fromkeys(lists))
        if own:
            taken = AccessList(
                id=uuid.uuid4().hex, kind=ITSELF, subject=ITSELF, name="annexa-access.json", sha256=sha256,
                taken_at=now,
                read_as=[], lines=[one.kept() for one in own], recorded_at=now, by=person,
            )  # fmt: skip
            opened.write(taken, kind="access_list", subject=f"access_list/{taken.id}")
            chosen.append(taken.id)
        made = AccessReview(
            id=uuid.uuid4().hex,
            name=name.strip(),
            lists=chosen,
            reviewers=sorted({one.pk for one in reviewers}),
            carrier=carrier,
            due_on=due_on,
            because=because.strip(),
            recorded_at=now,
            by=person,
        )
        opened.write(made, kind="access_review", subject=f"access_review/{made.id}")
    return made


def decide_access(
    *,
    actor: Actor,
    person: Person,
    review: str,
    lines: Sequence[tuple[str, int]],
    decision: str,
    because: str,
    now: datetime,
    to: str = "",
) -> tuple[AccessDecision, ...]:
    """Decides lines, each given by list and row, all alike and all or none; a later decision replaces an earlier one.

    Nobody decides about their own access. Ledger: access_decision for each line.
    Raises InvalidError with every problem, NotFoundError, NotPermittedError, ConflictError.
    """
    found = _running(actor, review)
    asked = list(dict.fromkeys(lines))
    known = _lines(actor, found)
    if missing := [one for one in asked if one not in known]:
        raise NotFoundError(f"There is no row {missing[0][1]} of a list {missing[0][0]} in this review.")
    me = marks_of_person(person)
    problems = decide_problems(
        lines=[known[one] for one in asked], decision=decision, to=to, because=because, me=me
    )  # fmt: skip
    if len(to.strip()) > LONGEST_TO:
        problems["to"] = [f"Say it in at most {LONGEST_TO} characters."]
    if person.pk not in found.reviewers:
        problems.setdefault("", []).append(f"{person.name} is no reviewer here; only who was named decides.")
    if problems:
        raise InvalidError(problems)
    holders = _holders(known[one] for one in asked)
    numbers: dict[tuple[str, int], int] = {}
    for source, line, number in AccessDecision.objects.filter(review=found).values_list("source_id", "line", "number"):
        numbers[source, line] = max(numbers.get((source, line), 0), number)
    made = [
        AccessDecision(
            id=uuid.uuid4().hex,
            review=found,
            source_id=one[0],
            line=one[1],
            number=numbers.get(one, 0) + 1,
            decision=decision,
            to=to.strip() if decision == "change" else "",
            because=because.strip(),
            holder_id=next((holders[mark] for mark in sorted(marks_of(known[one])) if mark in holders), None),
            recorded_at=now,
            by=person,
        )
        for one in asked
    ]
    try:
        with door(actor=actor, verb="decide_access", now=now, because=because.strip()) as opened:
            if AccessReviewEnd.objects.filter(review=found).exists():
                raise ConflictError("Somebody ended this review meanwhile. Nothing was decided.")
            opened.write_many(made, kind="access_decision", subject=lambda one: f"access_review/{one.review_id}")
    except IntegrityError as error:
        raise ConflictError(
            "Somebody else decided one of these lines meanwhile. Nothing was saved; look again."
        ) from error
    return tuple(made)


def carry_out_access(
    *, actor: Actor, person: Person, decision: str, because: str, now: datetime, in_place: bool = False
) -> AccessCarriedOut:
    """Says that a decision was carried out, and how. With `in_place` Annexa does it: ends a token, lets a person in no
    more and ends their tokens and roles in parts. What they answer for waits to be handed over. The next list of the
    same system shows whether it is so.

    Ledger: access_carried_out, and what ends. Raises InvalidError, NotFoundError, NotPermittedError,
    ConflictError.
    """
    rows = AccessDecision.objects.visible_to(actor).select_related("review", "source")
    found = rows.filter(id=decision).first()
    if found is None:
        raise NotFoundError(f"There is no decision {decision}.")
    later = AccessDecision.objects.filter(
        review=found.review, source=found.source, line=found.line, number__gt=found.number
    )
    problems: dict[str, list[str]] = {}
    if found.decision == "keep":
        problems[""] = ["What is kept needs nothing to be done."]
    elif later.exists():
        problems[""] = ["It was decided otherwise since; there is nothing to do."]
    if not because.strip():
        problems["because"] = ["Say how it was done; it is kept as the record of it."]
    line = next(one for one in lines_of(found.source) if one.number == found.line)
    place = place_of(line, found.decision) if found.source.kind == ITSELF else ""
    if in_place and not place:
        problems.setdefault("", []).append("Annexa cannot do this by itself; do it in that system and say so here.")
    if problems:
        raise InvalidError(problems)
    try:
        with transaction.atomic():
            if in_place:
                _do(place, line, actor=actor, person=person, because=because, now=now)
            with door(actor=actor, verb="carry_out_access", now=now, because=because.strip()) as opened:
                made = AccessCarriedOut(
                    id=uuid.uuid4().hex, decision=found, because=because.strip(), recorded_at=now, by=person
                )
                opened.write(made, kind="access_carried_out", subject=f"access_review/{found.review_id}")
    except IntegrityError as error:
        raise ConflictError("Somebody said already that it was carried out.") from error
    return made


def close_access_review(
    *, actor: Actor, person: Person, review: str, now: datetime, because: str = ""
) -> AccessReviewEnd:
    """Ends a review. With every line decided it counts as done, from the day its lists were taken; with some left open
    it needs a reason and counts for nothing.

    Ledger: access_review_end. Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    found = _running(actor, review)
    known = _lines(actor, found)
    with door(actor=actor, verb="close_access_review", now=now, because=because.strip()) as opened:
        AccessReview.objects.select_for_update().get(pk=found.pk)
        settled: dict[tuple[str, int], Any] = {}
        rows = AccessDecision.objects.filter(review=found).order_by("number")
        for source, line, decision in rows.values_list("source_id", "line", "decision"):
            settled[source, line] = decision
        undecided = [list(one) for one in known if one not in settled]
        if undecided and not because.strip():
            lines = "1 line is" if len(undecided) == 1 else f"{len(undecided):,} lines are"
            way = "Decide them, or say why they stay open; then the review counts for nothing."
            sentence = f"{lines} not decided. {way}"
            raise InvalidError({"because": [sentence]})
        lists = list(AccessList.objects.filter(id__in=found.lists))
        progress = progress_of(len(known), settled.values())
        made = AccessReviewEnd(
            id=uuid.uuid4().hex,
            review=found,
            counts={
                "lines": progress.total, "keep": progress.keep, "change": progress.change, "revoke": progress.revoke,
                "still_there": sum(_still_there(actor, found, one) for one in lists),
            },
            undecided=undecided,
            until={} if undecided else _until(lists),
            because=because.strip(),
            recorded_at=now,
            by=person,
        )  # fmt: skip
        try:
            with transaction.atomic():
                opened.write(made, kind="access_review_end", subject=f"access_review/{found.id}")
        except IntegrityError as error:
            raise ConflictError("Somebody ended this review meanwhile.") from error
    return made


def _do(place: str, line: AccessLine, *, actor: Actor, person: Person, because: str, now: datetime) -> None:
    """Ends a token or a role in a part, or lets a person in no more, without their roles in parts and tokens, should
    somebody let them in again; what is so already is left as it is."""
    key = line.ref.partition("/")[2]
    if place == "grant":
        if RoleGrant.objects.filter(id=key, end__isnull=True).exists():
            end_grant(actor=actor, person=person, grant=key, because=because, now=now)
        return
    if place == "token":
        ended = TokenRevocation.objects.filter(token_id=key).exists()
        if not ended and ApiToken.objects.filter(id=key).exists():
            revoke_token(actor=actor, person=person, token=key, because=because, now=now)
    elif Person.objects.filter(pk=int(key)).exists():
        shut_out(actor=actor, by=person, person=int(key), because=because, now=now)


def _running(actor: Actor, review: str) -> AccessReview:
    found: AccessReview | None = AccessReview.objects.visible_to(actor).select_related("end").filter(id=review).first()
    if found is None:
        raise NotFoundError(f"There is no access review {review}.")
    if hasattr(found, "end"):
        raise ConflictError(f"The review {found.name} has ended; open a new one.")
    return found


def _lines(actor: Actor, review: AccessReview) -> dict[tuple[str, int], AccessLine]:
    lists = AccessList.objects.visible_to(actor).filter(id__in=review.lists)
    return {(one.id, line.number): line for one in lists for line in lines_of(one)}


def _holders(lines: Any) -> dict[str, int]:
    """Who of Annexa's people a mark on these lines belongs to; a mark of several belongs to none."""
    wanted = {mark for line in lines for mark in marks_of(line)}
    found: dict[str, set[int]] = {}
    for one in Person.objects.all():
        for mark in marks_of_person(one) & wanted:
            found.setdefault(mark, set()).add(one.pk)
    return {mark: held.pop() for mark, held in found.items() if len(held) == 1}


def _still_there(actor: Actor, review: AccessReview, held: AccessList) -> int:
    before, _ = earlier_of(actor=actor, access_list=held, before=review.recorded_at)
    return len(compare(lines_of(held), before).still_there)


def _until(lists: Sequence[AccessList]) -> dict[str, str]:
    """Until when a finished review counts, by scope."""
    taken: dict[str, list[datetime]] = {}
    for one in lists:
        if scope := scope_of(one):
            taken.setdefault(scope, []).append(one.taken_at)
    return {scope: counts_until(days).isoformat() for scope, days in taken.items()}


def _subject_problems(about: Subject) -> dict[str, list[str]]:
    said = about.subject.strip()
    if about.kind == "system" and not AiSystem.objects.filter(slug=said).exists():
        return {"subject": [f"There is no AI system {said!r}." if said else "Choose the AI system it is about."]}
    if about.kind == "other" and not 0 < len(said) <= LONGEST_NAME:
        return {"subject": [f"Name the system it is about, in at most {LONGEST_NAME} characters."]}
    if about.kind not in {"system", "other"}:
        return {"subject": ["Say whether it is about an AI system or another one; its own access Annexa knows."]}
    return {}


def _opening_problems(
    *,
    name: str,
    missing: Sequence[str],
    lines: Sequence[AccessLine],
    reviewers: Sequence[Person],
    carrier: Person,
    due_on: date,
    today: date,
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        problems["name"] = [f"Give it a name of at most {LONGEST_NAME} characters."]
    if missing:
        problems["lists"] = [f"There is no access list {one}." for one in missing]
    elif not lines:
        problems["lists"] = ["Choose at least one list, or Annexa itself."]
    if not reviewers:
        problems["reviewers"] = ["Name at least one reviewer."]
    unfit = [one.name for one in reviewers if not one.is_active or one.role not in VERBS["decide_access"]]
    if unfit:
        problems.setdefault("reviewers", []).append(f"{', '.join(unfit)} may not decide here.")
    alone = undecidable(lines, [marks_of_person(one) for one in reviewers]) if reviewers else ()
    if alone:
        said = ", ".join(one.account for one in alone[:5]) + (", …" if len(alone) > 5 else "")
        sentence = f"Nobody among the reviewers may decide {said}: it is their own access. Name a second reviewer."
        problems.setdefault("reviewers", []).append(sentence)
    if not carrier.is_active or carrier.role not in VERBS["carry_out_access"]:
        problems["carrier"] = [f"{carrier.name} may not change anything here, so cannot carry it out."]
    if due_on < today:
        problems["due_on"] = [f"{due_on.isoformat()} is not ahead; a review needs a day to come."]
    elif due_on.year > today.year + 5:
        problems["due_on"] = [f"{due_on.isoformat()} is more than five years ahead."]
    return problems
