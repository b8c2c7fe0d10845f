"""What sends events, whose they are and what is kept: opened, given rules, closed; chosen for each AI system."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.scopes import place_of
from annexa.actions.sequencer import together
from annexa.actions.tokens import add_service_account, create_token, note_use
from annexa.answers.activity import COLUMN_OF, in_quarantine
from annexa.answers.activity_sources import forget, longest_days, rules_now
from annexa.pure.activity_sources import (
    MOST_DAYS,
    Choice,
    How,
    pattern_problems,
    retention_problem,
    rule_problems,
    rules_of,
)
from annexa.pure.facts import ORGANISATION
from annexa.pure.fields import tidy
from annexa.pure.permits import LOG_ACTIVITY, MEMBER, Actor
from annexa.pure.tokens import LONGEST
from annexa.records.activity_sources import (
    ActivityAssignment,
    ActivityChoice,
    ActivityRules,
    ActivitySource,
    ActivitySourceEnd,
)
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from annexa.records.tokens import ApiToken, ServiceAccount

Rules = Sequence[Mapping[str, Any]]


def open_source(
    *,
    actor: Actor,
    person: Person | None,
    slug: str,
    name: str,
    because: str,
    now: datetime,
    system: str = "",
    rules: Rules = (),
    account: str = "",
    expires_at: datetime | None = None,
) -> tuple[ActivitySource, str]:
    """Has events taken from a program, and answers with the source and the text of its token, shown only now.

    All its events are of `system`, or `rules` decide, each {"attribute", "how", "value", "system"}. It sends as a
    service account of its own, made here under the source's slug, or as `account`. The token lives a year unless said.
    Ledger: service_account, api_token, activity_source, activity_rules.
    Raises InvalidError with every problem, NotPermittedError.
    """
    with together(now=now), transaction.atomic():
        with door(actor=actor, verb="open_activity_source", now=now, because=because.strip()) as opened:
            if problems := _problems(slug, name, system, rules, account):
                raise InvalidError(problems)
            source = ActivitySource(
                slug=slug, name=tidy(name), account=account or slug, system=system, because=because.strip(),
                recorded_at=now, by=person,
            )  # fmt: skip
            opened.write(source, kind="activity_source", subject=f"activity_source/{slug}")
            _write_rules(opened, source, rules, person)
        holder = ServiceAccount.objects.filter(slug=account).first() if account else None
        holder = holder or add_service_account(
            actor=actor, person=person, slug=slug, name=tidy(name), role=MEMBER, now=now, because=because.strip()
        )
        _, text = create_token(
            actor=actor, person=person, holder=holder, name=f"Events of {slug}"[:100], scopes=[LOG_ACTIVITY],
            expires_at=expires_at or now + LONGEST, now=now,
        )  # fmt: skip
    forget()
    return source, text


def renew_source_token(
    *, actor: Actor, person: Person | None, source: str, now: datetime, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Makes another token for a source, beside those it has; answers with it and its text, shown only now.

    Ledger: api_token. Raises NotFoundError, ConflictError for a closed source, InvalidError, NotPermittedError.
    """
    found = _open(actor, source)
    holder = ServiceAccount.objects.get(slug=found.account)
    return create_token(
        actor=actor, person=person, holder=holder, name=f"Events of {found.slug}"[:100], scopes=[LOG_ACTIVITY],
        expires_at=expires_at or now + LONGEST, now=now,
    )  # fmt: skip


def change_source_rules(
    *, actor: Actor, person: Person | None, source: str, rules: Rules, because: str, now: datetime
) -> ActivityRules:
    """From now on other rules say whose the events of a source are. What is there already stays whose it was.

    Ledger: activity_rules. Raises InvalidError with every problem, NotFoundError, ConflictError, NotPermittedError.
    """
    with door(actor=actor, verb="change_activity_source", now=now, because=because.strip()) as opened:
        found = _open(actor, source)
        problems = {"rules": told} if (told := _rule_problems(rules)) else {}
        if found.system:
            problems["rules"] = [f"All events of {found.slug} are of {found.system}; open another source for rules."]
        if not because.strip():
            problems["because"] = ["Say why the rules change."]
        if problems:
            raise InvalidError(problems)
        if found.system == "" and [one.said() for one in rules_now(found)] == [one.said() for one in rules_of(rules)]:
            raise ConflictError("These are the rules already.")
        made = _write_rules(opened, found, rules, person)
    forget()
    return made


def assign_activity(
    *,
    actor: Actor,
    person: Person | None,
    source: str,
    attribute: str,
    value: str,
    system: str,
    earlier: bool,
    because: str,
    now: datetime,
) -> tuple[ActivityRules | None, ActivityAssignment | None]:
    """Says whose the events are that a source sends with a service or environment (`attribute`), which were nobody's.

    A rule more holds for what comes from now on, unless the rules say so already. With `earlier`, what is there counts
    as the system's, too; the events stay as they came, and say that nobody knew. Without, they stay in quarantine.
    Ledger: activity_rules, activity_assignment. Raises InvalidError with every problem, NotFoundError, ConflictError,
    NotPermittedError.
    """  # fmt: skip
    with door(actor=actor, verb="change_activity_source", now=now, because=because.strip()) as opened:
        found = _open(actor, source)
        rule = {"attribute": attribute, "how": How.EQUALS.value, "value": value, "system": system}
        problems = {"system": told} if (told := _rule_problems([rule])) else {}
        if attribute not in COLUMN_OF:
            problems["attribute"] = [f"Events keep {' and '.join(COLUMN_OF)}, not {attribute!r}."]
        if not because.strip():
            problems["because"] = ["Say how you know whose they are."]
        if found.system:
            problems["source"] = [f"All events of {source} are of {found.system}."]
        if problems:
            raise InvalidError(problems)
        rules = [one.said() for one in rules_now(found)]
        made = None if rule in rules else _write_rules(opened, found, [*rules, rule], person)
        column = COLUMN_OF[attribute]
        events = in_quarantine(source=source, column=column, value=value) if earlier else 0
        given = None
        if events:
            given = ActivityAssignment(
                id=uuid.uuid4().hex, source=found, column=column, value=value, system=system, events=events,
                because=because.strip(), recorded_at=now, by=person,
            )  # fmt: skip
            opened.write(given, kind="activity_assignment", subject=f"activity_source/{source}")
        if made is None and given is None:
            raise ConflictError("That is so already, and nothing waits.")
    forget()
    return made, given


def close_source(*, actor: Actor, person: Person | None, source: str, because: str, now: datetime) -> ActivitySourceEnd:
    """Takes nothing from a source any more; what came stays. Ledger: activity_source_end.

    Raises NotFoundError, ConflictError if it is closed already, InvalidError, NotPermittedError.
    """
    with door(actor=actor, verb="change_activity_source", now=now, because=because.strip()) as opened:
        found = _open(actor, source)
        if not because.strip():
            raise InvalidError({"because": ["Say why nothing is taken from it any more."]})
        made = ActivitySourceEnd(id=uuid.uuid4().hex, source=found, because=because.strip(), recorded_at=now, by=person)
        opened.write(made, kind="activity_source_end", subject=f"activity_source/{found.slug}")
    forget()
    return made


def choose_activity(
    *, actor: Actor, person: Person | None, system: str, choice: Choice, because: str, now: datetime
) -> ActivityChoice:
    """Says what is kept of a system's events from now on, and for how long; for the organisation: of all others.

    Ledger: activity_choice. Raises InvalidError with every problem, NotFoundError, ConflictError if nothing changes,
    NotPermittedError.
    """
    place = place_of(actor, system)
    with door(actor=actor, verb="choose_activity", now=now, because=because.strip(), place=place) as opened:
        problems: dict[str, list[str]] = {}
        if told := [*pattern_problems(choice.patterns), *_not_re2(choice)]:
            problems["extra"] = told
        if refusal := _retention_refusal(system, choice.retention_days):
            problems["retention_days"] = [refusal]
        if not because.strip():
            problems["because"] = ["Say why; it stands in the ledger."]
        if problems:
            raise InvalidError(problems)
        last = ActivityChoice.objects.filter(system=system).order_by("-number").first()
        if last is not None and last.value() == choice:
            raise ConflictError("This is what holds already.")
        made = ActivityChoice(
            id=uuid.uuid4().hex, system=system, number=last.number + 1 if last else 1, keeps=choice.kept.value,
            users=choice.users.value, extra=[one.said() for one in choice.patterns],
            retention_days=choice.retention_days, because=because.strip(), recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="activity_choice", subject=f"activity_choice/{system}")
    forget()
    return made


def note_heard(*, token: str, now: datetime) -> None:
    """Remembers that events came with a token, at most once a minute. Ledger: nothing; it changes no record."""
    found = ApiToken.objects.filter(id=token).first()
    if found is not None:
        note_use(token=found, now=now)


def _problems(slug: str, name: str, system: str, rules: Rules, account: str) -> dict[str, list[str]]:
    """What is wrong with a new source; of its slug and name only what its service account would not say."""
    problems: dict[str, list[str]] = {}
    if ActivitySource.objects.filter(slug=slug).exists():
        problems["slug"] = [f"There is a source {slug} already."]
    if not name.strip():
        problems["name"] = ["Give it a name by which people know it."]
    if system and not AiSystem.objects.filter(slug=system).exists():
        problems["system"] = [f"There is no AI system {system}."]
    if system and rules:
        problems["rules"] = [f"Either all events are of {system}, or rules decide; leave one out."]
    elif told := _rule_problems(rules):
        problems["rules"] = told
    if account and not ServiceAccount.objects.filter(slug=account).exists():
        problems["account"] = [f"There is no service account {account}; leave it out, and one is made."]
    elif account and ActivitySource.objects.filter(account=account, end__isnull=True).exists():
        problems["account"] = [f"The service account {account} sends for another source already."]
    return problems


def _rule_problems(rules: Rules) -> list[str]:
    problems = rule_problems(rules)
    if problems:
        return problems
    named = {one.system for one in rules_of(rules)}
    known = set(AiSystem.objects.filter(slug__in=named).values_list("slug", flat=True))
    return [f"There is no AI system {one}." for one in sorted(named - known)]


def _retention_refusal(system: str, days: int) -> str:
    if system == ORGANISATION:
        return retention_problem(days, classes=None, most=MOST_DAYS)
    classes = AiSystem.objects.filter(slug=system).values_list("classes", flat=True).get()
    return retention_problem(days, classes=classes, most=longest_days())


def _not_re2(choice: Choice) -> list[str]:
    """The patterns that the engine which looks for them does not take: it knows no way back and no look ahead."""
    import pyarrow as pa
    import pyarrow.compute as pc

    problems = []
    for one in choice.patterns:
        try:
            pc.match_substring_regex(pa.array([""]), one.pattern)
        except pa.ArrowInvalid as error:
            said = str(error).partition(":")[2].strip() or str(error)
            problems.append(f"The pattern {one.name} cannot be used: {said}. RE2 has no look-around and no way back.")
    return problems


def _write_rules(opened: Door, source: ActivitySource, rules: Rules, person: Person | None) -> ActivityRules:
    last = ActivityRules.objects.filter(source=source).order_by("-number").first()
    made = ActivityRules(
        id=uuid.uuid4().hex, source=source, number=last.number + 1 if last else 1,
        rules=[one.said() for one in rules_of(rules)], because=opened.because, recorded_at=opened.now, by=person,
    )  # fmt: skip
    opened.write(made, kind="activity_rules", subject=f"activity_source/{source.slug}")
    return made


def _open(actor: Actor, slug: str) -> ActivitySource:
    found: ActivitySource | None = ActivitySource.objects.visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFoundError(f"There is no source {slug}.")
    if ActivitySourceEnd.objects.filter(source=found).exists():
        raise ConflictError(f"The source {slug} is closed.")
    return found
