"""Access reviews: the lists there are, the reviews of them, each line with why it is worth a look, and what waits."""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from django.conf import settings
from django.db.models import Exists, OuterRef

from annexa.adapters.scim_export import ScimError, read_scim
from annexa.adapters.tables import TableError, read_table
from annexa.answers.access import own_access
from annexa.answers.errors import UnknownError
from annexa.answers.owners import key_of
from annexa.answers.posture import standpoint
from annexa.pure.access_lists import RIGHTS, AccessLine, AccessPlan, line_of, plan_access
from annexa.pure.access_reviews import (
    CARRY_OUT,
    FLAGS,
    Comparison,
    Earlier,
    Flag,
    Known,
    Progress,
    Settled,
    carried_out,
    compare,
    flags_of,
    marks_of,
    progress_of,
)
from annexa.pure.checks import REVIEWS, asks
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import VERBS, Actor
from annexa.pure.tables import Table, with_guard
from annexa.pure.words import fold
from annexa.records.access_reviews import AccessCarriedOut, AccessDecision, AccessList, AccessReview, AccessReviewEnd
from annexa.records.people import Person
from annexa.records.systems import AiSystem

ITSELF = "annexa"
"""The subject of lists of Annexa's own access."""
State = Literal["open", "late", "done", "left open"]
"""`left open`: ended with lines that nobody decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAccess:
    """An import of a list that was looked at and not done: the file, how it was understood, what it would take."""

    name: str
    sha256: str
    table: Table
    plan: AccessPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """One access list in the overview: what it is about, how long it is, which review took it up last."""

    id: str
    kind: str
    subject: str
    subject_name: str
    name: str
    taken_at: datetime
    lines: int
    review: AccessReview | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """One review in the overview."""

    review: AccessReview
    state: State
    progress: Progress
    subjects: tuple[str, ...]
    reviewers: tuple[str, ...]
    mine: bool
    still_there: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A decision to be carried out: what, in which system, by whom, by when, and whether somebody said it was done.

    `gone_at`: when a later list was taken that shows it done. `place`: what Annexa can do about it by itself, "token"
    or "person"; "" where it is elsewhere.
    """

    decision: AccessDecision
    line: AccessLine
    subject: str
    subject_name: str
    owner: Person
    due_on: date
    done: AccessCarriedOut | None
    gone_at: datetime | None
    late: bool
    mine: bool
    place: str

    @property
    def waits(self) -> bool:
        """Whether nobody said that it was done, and no later list shows it."""
        return self.done is None and self.gone_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line in a review: why it is worth a look, what differs from last time, what was decided, and by whom.

    `id`: list and row as one word. `own`: whoever looks may not decide it, it is their own access.
    """

    id: str
    source: str
    subject: str
    subject_name: str
    line: AccessLine
    flags: tuple[Flag, ...]
    differs: tuple[str, ...]
    was: Settled | None
    decision: AccessDecision | None
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPart:
    """One list of a review: its rows, those worth a look first, and how it compares with the last finished review."""

    list: AccessList
    subject_name: str
    rows: tuple[Row, ...]
    compared: Comparison
    before: AccessReviewEnd | None
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """One review, list by list, AI systems first."""

    review: AccessReview
    end: AccessReviewEnd | None
    state: State
    parts: tuple[ListPart, ...]
    progress: Progress
    reviewers: tuple[Person, ...]
    decides: bool
    follow_ups: tuple[FollowUp, ...]
    until: datetime | None

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every line of every list."""
        return tuple(row for part in self.parts for row in part.rows)

    @property
    def still_there(self) -> tuple[Row, ...]:
        """Lines that were to go after the last review, and have not gone."""
        return tuple(row for row in self.rows if row.was is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewWaiting:
    """A review in which somebody has lines to decide."""

    review: AccessReview
    lines: int
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What of access reviews waits for one person, or everybody."""

    reviews: tuple[ReviewWaiting, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


# --- importing


def plan_list(
    *,
    data: bytes,
    name: str,
    said: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    day_first: bool | None = None,
) -> PlannedAccess:
    """What importing this file would take, without taking it. A SCIM export is recognised. Raises TableError."""
    limit = settings.UPLOAD_LIMIT_BYTES
    try:
        table = read_scim(data, name=name) if encoding is None and sheet is None and len(data) <= limit else None
    except ScimError as error:
        raise TableError(str(error)) from error
    if table is None:
        table = read_table(data, name=name, encoding=encoding, sheet=sheet, limit_bytes=limit)
    plan = plan_access(table, said, day_first=day_first)
    return PlannedAccess(name=name, sha256=hashlib.sha256(data).hexdigest(), table=table, plan=plan)


# --- what there is


def names_of(actor: Actor, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the subjects of lists, given by kind and subject, are called."""
    pairs = set(subjects)
    slugs = [subject for kind, subject in pairs if kind == "system"]
    found = dict(AiSystem.objects.visible_to(actor).filter(slug__in=slugs).values_list("slug", "name"))
    return {
        (kind, subject): "Annexa" if kind == ITSELF else found.get(subject, subject) if kind == "system" else subject
        for kind, subject in pairs
    }


def list_access_lists(*, actor: Actor) -> tuple[ListLine, ...]:
    """Every list, AI systems first, then the newest. Cost: three queries."""
    rows = list(AccessList.objects.visible_to(actor).order_by("-taken_at", "-recorded_at", "id"))
    names = names_of(actor, ((one.kind, one.subject) for one in rows))
    taken: dict[str, AccessReview] = {}
    for review in AccessReview.objects.visible_to(actor).order_by("recorded_at", "id"):
        taken |= dict.fromkeys(review.lists, review)
    found = [
        ListLine(
            id=one.id,
            kind=one.kind,
            subject=one.subject,
            subject_name=names[one.kind, one.subject],
            name=one.name,
            taken_at=one.taken_at,
            lines=len(one.lines),
            review=taken.get(one.id),
        )
        for one in rows
    ]
    return tuple(sorted(found, key=lambda one: _rank(one.kind)))


def open_list(*, actor: Actor, access_list: str) -> AccessList:
    """One list with its lines. Raises UnknownError."""
    found: AccessList | None = AccessList.objects.visible_to(actor).filter(id=access_list).first()
    if found is None:
        raise UnknownError(f"There is no access list {access_list!r}.")
    return found


def lines_of(access_list: AccessList) -> tuple[AccessLine, ...]:
    """The lines of a list as values."""
    return tuple(line_of(one) for one in access_list.lines)


def list_reviews(*, actor: Actor, now: datetime) -> tuple[ReviewLine, ...]:
    """Every review, those that wait first, then the newest. Cost: five queries, whatever there is."""
    reviews = list(AccessReview.objects.visible_to(actor).select_related("end", "by").order_by("-recorded_at", "id"))
    lists = AccessList.objects.visible_to(actor).in_bulk([one for review in reviews for one in review.lists])
    names = names_of(actor, ((one.kind, one.subject) for one in lists.values()))
    people = dict(Person.objects.get_queryset().visible_to(actor).values_list("pk", "name"))
    decided = _decided(actor, reviews)
    found = []
    for review in reviews:
        held = sorted((lists[one] for one in review.lists if one in lists), key=lambda one: _rank(one.kind))
        progress = progress_of(
            sum(len(one.lines) for one in held), [one.decision for one in decided[review.id].values()]
        )
        end = getattr(review, "end", None)
        found.append(
            ReviewLine(
                review=review,
                state=_state(review, end, now),
                progress=progress,
                subjects=tuple(names[one.kind, one.subject] for one in held),
                reviewers=tuple(people.get(one, "") for one in review.reviewers),
                mine=end is None and key_of(actor) in review.reviewers,
                still_there=end.counts.get("still_there", 0) if end else 0,
            )
        )
    return tuple(sorted(found, key=lambda one: one.state not in {"open", "late"}))


def open_review(*, actor: Actor, review: str) -> AccessReview:
    """One review, to be decided on or looked at. Raises UnknownError."""
    found: AccessReview | None = (
        AccessReview.objects.visible_to(actor).select_related("end", "by", "carrier").filter(id=review).first()
    )
    if found is None:
        raise UnknownError(f"There is no access review {review!r}.")
    return found


def review_page(*, actor: Actor, review: str, now: datetime) -> ReviewPage:
    """One review with every line. Raises UnknownError. Cost: some ten queries, and four for each list."""
    found = open_review(actor=actor, review=review)
    lists = AccessList.objects.visible_to(actor).in_bulk(found.lists)
    held = sorted((lists[one] for one in found.lists if one in lists), key=lambda one: (_rank(one.kind), one.subject))
    names = names_of(actor, ((one.kind, one.subject) for one in held))
    decided = _decided(actor, [found])[found.id]
    people = list(Person.objects.get_queryset().visible_to(actor).order_by("name", "pk"))
    known, me = known_people(people), marks_of_person(next((one for one in people if one.pk == key_of(actor)), None))
    parts = tuple(_part(actor, found, one, names[one.kind, one.subject], decided, known, me) for one in held)
    end = getattr(found, "end", None)
    latest = list(decided.values())
    until = [datetime.fromisoformat(one) for one in end.until.values()] if end else []
    return ReviewPage(
        review=found,
        end=end,
        state=_state(found, end, now),
        parts=parts,
        progress=progress_of(sum(len(one.rows) for one in parts), [one.decision for one in latest]),
        reviewers=tuple(one for one in people if one.pk in found.reviewers),
        decides=end is None and key_of(actor) in found.reviewers and actor.role in VERBS["decide_access"],
        follow_ups=_follow_ups(actor, latest, lists, now),
        until=min(until, default=None),
    )


def marks_of_person(person: Person | None) -> frozenset[str]:
    """By what somebody is known in a list: address and name."""
    return frozenset({fold(person.email), fold(person.name)}) if person else frozenset()


def known_people(people: Iterable[Person]) -> Known:
    """What Annexa knows of people, for flags."""
    held = list(people)
    here = frozenset(mark for one in held if one.is_active for mark in marks_of_person(one))
    return Known(
        people=here,
        left=frozenset(mark for one in held if not one.is_active for mark in marks_of_person(one)) - here,
        approvers=frozenset(
            mark
            for one in held
            if one.is_active and one.role in VERBS["review_classification"]
            for mark in marks_of_person(one)
        ),
    )


def earlier_of(
    *, actor: Actor, access_list: AccessList, before: datetime
) -> tuple[Earlier | None, AccessReviewEnd | None]:
    """The last review of the same system that was finished by an instant, and its end. Cost: up to four queries."""
    same = AccessList.objects.visible_to(actor).filter(kind=access_list.kind, subject=access_list.subject)
    lists = {one.id: one for one in same.exclude(id=access_list.id).filter(taken_at__lte=access_list.taken_at)}
    if not lists:
        return None, None
    ends = AccessReviewEnd.objects.visible_to(actor).filter(recorded_at__lte=before).select_related("review")
    for end in ends.order_by("-recorded_at"):
        held = [lists[one] for one in end.review.lists if one in lists]
        if held:
            last = max(held, key=lambda one: one.taken_at)
            rows = AccessDecision.objects.visible_to(actor).filter(review=end.review, source=last).order_by("number")
            settled = {
                one.line: Settled(decision=one.decision, to=one.to, because=one.because)  # type: ignore[arg-type]
                for one in rows
            }
            return Earlier(lines=lines_of(last), settled=settled), end
    return None, None


# --- what waits


def waiting_access(*, actor: Actor, now: datetime, person: int | None) -> Waiting:
    """What waits: lines to decide, decisions to carry out; with `person` only theirs. Cost: two queries if none."""
    running = list(
        AccessReview.objects.visible_to(actor)
        .filter(end__isnull=True)
        .select_related("carrier")
        .order_by("due_on", "id")
    )
    decided = _decided(actor, running) if running else {}
    latest = [one for held in decided.values() for one in held.values()]
    latest += _not_carried_out(actor)
    wanted = {one.source_id for one in latest if one.decision != "keep"}.union(*(one.lists for one in running))
    if not wanted:
        return Waiting()
    lists = AccessList.objects.visible_to(actor).in_bulk(list(wanted))
    running = [one for one in running if person is None or person in one.reviewers]
    me = marks_of_person(Person.objects.filter(pk=person).first()) if person is not None else frozenset()
    found = []
    for review in running:
        open_lines = [
            line
            for source in review.lists
            if source in lists
            for line in lists[source].lines
            if (source, line["number"]) not in decided.get(review.id, {})
        ]
        mine = [one for one in open_lines if not (me and marks_of(line_of(one)) & me)]
        if mine or not open_lines:
            found.append(ReviewWaiting(review=review, lines=len(mine), late=review.due_on < now.date()))
    follow_ups = _follow_ups(actor, latest, lists, now)
    return Waiting(
        reviews=tuple(found),
        follow_ups=tuple(one for one in follow_ups if one.waits and (person is None or one.owner.pk == person)),
    )


def scope_choices(*, actor: Actor, now: datetime) -> tuple[tuple[str, str], ...]:
    """AI systems in use whose access is asked for, by name; and which of them no finished review counts for, first."""
    stand = standpoint(actor=actor, now=now)
    rows = [(slug, one) for slug, one in stand.systems.items() if asks(REVIEWS, one.stage)]
    rows.sort(key=lambda pair: (pair[1].access_reviewed_until is not None, pair[1].name.casefold()))
    return tuple((slug, one.name) for slug, one in rows)


def not_reviewed(*, actor: Actor, now: datetime) -> tuple[tuple[str, str], ...]:
    """The scopes that the check looks at and that no finished review counts for, by name; Annexa itself first."""
    stand = standpoint(actor=actor, now=now)
    short = [one for one in stand.engine.looked_at(REVIEWS) if one.access_reviewed_until is None]
    return tuple((one.id, one.name) for one in short)


# --- export

EXPORT_HEADER = (
    "Review", "System", "Account", "Person", "Email", "Role or entitlement", "Kind of right", "Last used", "Granted",
    "Active", "Worth a look", "Differs", "Decision", "To", "Reason", "By", "At", "Carried out",
)  # fmt: skip


def export_review(*, actor: Actor, review: str, file_format: Literal["csv", "xlsx"], now: datetime) -> bytes:
    """Every line of a review with its decision, for a spreadsheet; no cell of it runs. Raises UnknownError."""
    page = review_page(actor=actor, review=review, now=now)
    done = {one.decision.id: one.done for one in page.follow_ups}
    rows = [[with_guard(cell.replace("\r", " ")) for cell in _cells(page, row, done)] for row in page.rows]
    if file_format == "csv":
        out = io.StringIO(newline="")
        csv.writer(out).writerows([EXPORT_HEADER, *rows])
        return out.getvalue().encode()
    import openpyxl  # read only for who wants a workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Access review")
    for cells in (EXPORT_HEADER, *rows):
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in cells])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _cells(page: ReviewPage, row: Row, done: Mapping[str, AccessCarriedOut | None]) -> list[str]:
    line, decision = row.line, row.decision
    carried = done.get(decision.id) if decision else None
    return [
        page.review.name, row.subject_name, line.account, line.person, line.email, line.entitlement, line.right,
        line.last_used.isoformat() if line.last_used else "", line.granted.isoformat() if line.granted else "",
        line.active, ", ".join(row.flags), "; ".join(row.differs), decision.decision if decision else "undecided",
        decision.to if decision else "", decision.because if decision else "", decision.by.name if decision else "",
        decision.recorded_at.isoformat() if decision else "",
        f"{carried.recorded_at.isoformat()} by {carried.by.name}: {carried.because}" if carried else "",
    ]  # fmt: skip


# --- below


def _rank(kind: str) -> int:
    """AI systems first, Annexa itself next."""
    return ("system", ITSELF, "other").index(kind)


def _state(review: AccessReview, end: AccessReviewEnd | None, now: datetime) -> State:
    if end is not None:
        return "left open" if end.undecided else "done"
    return "late" if review.due_on < now.date() else "open"


def _decided(actor: Actor, reviews: Sequence[AccessReview]) -> dict[str, dict[tuple[str, int], AccessDecision]]:
    """The decision that holds about each line, by review, list and row."""
    found: dict[str, dict[tuple[str, int], AccessDecision]] = defaultdict(dict)
    rows = AccessDecision.objects.visible_to(actor).filter(review__in=reviews)
    for one in rows.select_related("by", "review", "review__carrier", "carried_out", "carried_out__by").order_by(
        "number"
    ):
        found[one.review_id][one.source_id, one.line] = one
    return found


def _part(
    actor: Actor,
    review: AccessReview,
    held: AccessList,
    name: str,
    decided: Mapping[tuple[str, int], AccessDecision],
    known: Known,
    me: frozenset[str],
) -> ListPart:
    lines = lines_of(held)
    before, end = earlier_of(actor=actor, access_list=held, before=review.recorded_at)
    compared = compare(lines, before)
    if held.kind != "system":  # who approves for the organisation has powers here by design
        known = replace(known, approvers=frozenset())
    flags = flags_of(lines, known=known, me=me, at=held.taken_at.date(), compared=compared)
    rows = [
        Row(
            id=f"{held.id}.{line.number}",
            source=held.id,
            subject=held.subject,
            subject_name=name,
            line=line,
            flags=flags.get(line.number, ()),
            differs=compared.changed.get(line.number, ()),
            was=compared.still_there.get(line.number),
            decision=decided.get((held.id, line.number)),
            own=bool(marks_of(line) & me),
        )
        for line in lines
    ]
    rows.sort(key=_first)
    made = [one.decision.decision for one in rows if one.decision]
    return ListPart(
        list=held, subject_name=name, rows=tuple(rows), compared=compared, before=end,
        progress=progress_of(len(rows), made),
    )  # fmt: skip


def _first(row: Row) -> tuple[int, int, str, int]:
    """Flagged lines first, the gravest on top; of others those that may do more first."""
    grave = FLAGS.index(row.flags[0]) if row.flags else len(FLAGS)
    return grave, RIGHTS.index(row.line.right), fold(row.line.account), row.line.number


def _not_carried_out(actor: Actor) -> list[AccessDecision]:
    """In reviews that ended, what was to change or to go and nobody said is done."""
    later = AccessDecision.objects.filter(
        review=OuterRef("review"), source=OuterRef("source"), line=OuterRef("line"), number__gt=OuterRef("number")
    )
    rows = AccessDecision.objects.visible_to(actor).filter(review__end__isnull=False, carried_out__isnull=True)
    rows = rows.exclude(decision="keep").exclude(Exists(later))
    return list(rows.select_related("by", "review", "review__carrier"))


def _follow_ups(
    actor: Actor, decisions: Iterable[AccessDecision], lists: Mapping[str, AccessList], now: datetime
) -> tuple[FollowUp, ...]:
    """What decisions ask somebody to do, what waits longest first. Cost: two queries if there is any."""
    asked = [one for one in decisions if one.decision != "keep" and one.source_id in lists]
    if not asked:
        return ()
    names = names_of(actor, ((lists[one.source_id].kind, lists[one.source_id].subject) for one in asked))
    newest = _newest(actor, {(lists[one.source_id].kind, lists[one.source_id].subject) for one in asked}, now)
    me = key_of(actor)
    found = []
    for one in asked:
        held = lists[one.source_id]
        line = next(line_of(kept) for kept in held.lines if kept["number"] == one.line)
        done = getattr(one, "carried_out", None)
        due_on = (one.recorded_at + CARRY_OUT).date()
        taken_at, later = newest[held.kind, held.subject]
        shows = taken_at > one.recorded_at and carried_out(line, one.decision, later)
        gone_at = taken_at if shows else None
        found.append(
            FollowUp(
                decision=one,
                line=line,
                subject=held.subject,
                subject_name=names[held.kind, held.subject],
                owner=one.review.carrier,
                due_on=due_on,
                done=done,
                gone_at=gone_at,
                late=done is None and gone_at is None and due_on < now.date(),
                mine=one.review.carrier_id == me,
                place=place_of(line, one.decision) if held.kind == ITSELF else "",
            )
        )
    return tuple(sorted(found, key=lambda one: (not one.waits, one.due_on, one.subject_name, one.line.number)))


def _newest(
    actor: Actor, subjects: set[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], tuple[datetime, tuple[AccessLine, ...]]]:
    """The newest list of each system and when it was taken; Annexa's own access is as it is now."""
    found: dict[tuple[str, str], tuple[datetime, tuple[AccessLine, ...]]] = {}
    rows = AccessList.objects.visible_to(actor).filter(subject__in=[subject for _, subject in subjects])
    for one in rows.order_by("taken_at", "recorded_at"):
        found[one.kind, one.subject] = (one.taken_at, lines_of(one))
    if (ITSELF, ITSELF) in subjects:
        found[ITSELF, ITSELF] = (now, own_access(actor=actor, now=now))
    return found


def place_of(line: AccessLine, decision: str) -> str:
    """What Annexa can do itself about a line of its own access: revoke a token, let a person in no more."""
    kind = line.ref.partition("/")[0]
    return {"api_token": "token", "person": "person", "grant": "grant"}.get(kind, "") if decision == "revoke" else ""


def scope_of(access_list: AccessList) -> str:
    """The scope whose access a list tells of; "" for a system that is in no register here."""
    return ORGANISATION if access_list.kind == ITSELF else access_list.subject if access_list.kind == "system" else ""


def decisions_of(*, actor: Actor, review: AccessReview, source: str, line: int) -> tuple[AccessDecision, ...]:
    """Everything that was decided about one line in a review, the latest, which holds, first. Cost: one query."""
    rows = AccessDecision.objects.visible_to(actor).filter(review=review, source_id=source, line=line)
    return tuple(rows.select_related("by").order_by("-number"))


def person_named(*, actor: Actor, address: str) -> Person:
    """Somebody who may sign in, by their address. Raises UnknownError."""
    rows = Person.objects.get_queryset().visible_to(actor).filter(email__iexact=address.strip(), is_active=True)
    found: Person | None = rows.first()
    if found is None:
        raise UnknownError(f"There is nobody with the address {address}.")
    return found


def find_decision(*, actor: Actor, decision: str) -> AccessDecision:
    """One decision. Raises UnknownError."""
    rows = AccessDecision.objects.visible_to(actor).select_related("review", "source")
    found: AccessDecision | None = rows.filter(id=decision).first()
    if found is None:
        raise UnknownError(f"There is no decision {decision!r}.")
    return found
