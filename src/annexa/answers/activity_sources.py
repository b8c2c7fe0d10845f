"""Questions about what sends events: which source comes with a token, which there are, and what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from annexa.answers.errors import UnknownError
from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.pure.activity_sources import MOST_DAYS, USUAL, Choice, Rule, Source
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import LOG_ACTIVITY, Actor
from annexa.pure.tokens import TokenError, token_digest
from annexa.records.activity_sources import ActivityChoice, ActivityRules, ActivitySource
from annexa.records.tokens import ApiToken

KNOWN_FOR: Final = timedelta(seconds=5)
"""For how long the border goes by what it knows of a source: another process heeds a change so much later, at most."""
_MOST_KNOWN: Final = 1_000
_known: dict[str, tuple[datetime, datetime, Source]] = {}


def source_of(token_text: str, *, now: datetime) -> Source:
    """The source that comes with this token, with the rules and choices by which its events are kept.

    Raises TokenRefusedError. Cost: seven queries, none within KNOWN_FOR of the last time.
    """
    try:
        digest = token_digest(token_text)
    except TokenError as error:
        raise TokenRefusedError(str(error)) from error
    found = _known.get(digest)
    if found is not None and timedelta() <= now - found[0] < KNOWN_FOR and now < found[1]:
        return found[2]
    _known.pop(digest, None)
    token, source = _looked_up(token_text, now)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[digest] = (now, token.expires_at, source)
    return source


def forget() -> None:
    """Has this process look again for what it knows of sources: something changed."""
    _known.clear()


def _looked_up(text: str, now: datetime) -> tuple[ApiToken, Source]:
    token = bearer(text, now=now).token
    assert token is not None  # noqa: S101  who comes with a token has one
    if LOG_ACTIVITY not in token.scopes:
        raise TokenRefusedError(f"The token {token.name} is not for sending events; its scopes lack {LOG_ACTIVITY}.")
    row = ActivitySource.objects.filter(account=token.holder.removeprefix("service/"), end__isnull=True).first()
    if row is None or not token.holder.startswith("service/"):
        raise TokenRefusedError(f"No source is open for whoever holds the token {token.name}.")
    choices = current_choices()
    return token, Source(
        slug=row.slug,
        name=row.name,
        token=token.id,
        system=row.system,
        rules=rules_now(row),
        choices=choices,
        otherwise=choices.get(ORGANISATION, USUAL),
    )


def rules_now(source: ActivitySource) -> tuple[Rule, ...]:
    """The rules that hold for a source."""
    row: ActivityRules | None = ActivityRules.objects.filter(source=source).order_by("-number").first()
    return row.value() if row else ()


def current_choices() -> Mapping[str, Choice]:
    """What was chosen last for each system, and for the organisation; nothing is kept longer than that says."""
    found = {row.system: row.value() for row in ActivityChoice.objects.order_by("system", "number")}
    most = found[ORGANISATION].retention_days if ORGANISATION in found else MOST_DAYS
    return {
        system: one if one.retention_days <= most else replace(one, retention_days=most)
        for system, one in found.items()
    }


def longest_days() -> int:
    """For how many days events of a system are kept at most."""
    row = ActivityChoice.objects.filter(system=ORGANISATION).order_by("-number").first()
    return row.retention_days if row else MOST_DAYS


def choice_now(system: str) -> Choice:
    """What holds for a system."""
    found = current_choices()
    return found.get(system, found.get(ORGANISATION, USUAL))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A source in the list: its rules, its tokens that still let it in, and when one of them was last used."""

    source: ActivitySource
    rules: tuple[Rule, ...]
    closed: bool
    tokens: tuple[ApiToken, ...]
    heard_at: datetime | None

    def systems(self) -> tuple[str, ...]:
        """The AI systems whose events it may send."""
        return (self.source.system,) if self.source.system else tuple(sorted({one.system for one in self.rules}))


def list_sources(*, actor: Actor, now: datetime, system: str = "") -> tuple[SourceLine, ...]:
    """The sources this actor may know of, those of one AI system where one is given; the open ones first.

    Who reads a part of the organisation sees those that send for one system they read. Cost: four queries.
    """
    rows = ActivitySource.objects.visible_to(actor).select_related("end").order_by("slug")
    rules: dict[int, tuple[Rule, ...]] = {}
    for one in ActivityRules.objects.filter(source__in=rows.order_by()).order_by("number"):
        rules[one.source_id] = one.value()
    tokens: dict[str, list[ApiToken]] = {}
    for token in ApiToken.objects.filter(holder__startswith="service/").select_related("revocation"):
        tokens.setdefault(token.holder, []).append(token)
    found = [_line(row, rules.get(row.pk, ()), tokens.get(f"service/{row.account}", []), now) for row in rows]
    kept = [one for one in found if not system or system in one.systems()]
    return tuple(sorted(kept, key=lambda one: one.closed))


def source_named(*, actor: Actor, slug: str, now: datetime) -> SourceLine:
    """One source. Raises UnknownError for one there is not, or not for this actor."""
    found = next((one for one in list_sources(actor=actor, now=now) if one.source.slug == slug), None)
    if found is None:
        raise UnknownError(f"There is no source {slug!r}.")
    return found


def choices_of(*, actor: Actor, system: str) -> tuple[ActivityChoice, ...]:
    """Every choice about a system, or about the organisation, the latest first."""
    return tuple(ActivityChoice.objects.visible_to(actor).filter(system=system).order_by("-number"))


def _line(row: ActivitySource, rules: tuple[Rule, ...], tokens: list[ApiToken], now: datetime) -> SourceLine:
    used = [one.last_used_at for one in tokens if one.last_used_at and LOG_ACTIVITY in one.scopes]
    good = [
        one for one in tokens if LOG_ACTIVITY in one.scopes and one.expires_at > now and not hasattr(one, "revocation")
    ]
    return SourceLine(
        source=row, rules=rules, closed=hasattr(row, "end"), tokens=tuple(good), heard_at=max(used, default=None)
    )
