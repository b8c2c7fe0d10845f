"""What AI systems of the demo did in the last weeks: conversations, scores and screenings, sealed day by day.

Everything is invented. The same numbers come out each time, but for the salts; on purpose not all is well: in the last
days incomes in the scores fall, the assistant refuses more, and one day it was slow.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib.util import find_spec
from math import exp
from statistics import NormalDist
from typing import Any, Final

from annexa.actions.activity_sources import choose_activity, note_heard, open_source
from annexa.actions.demo_story import told
from annexa.actions.door import door
from annexa.actions.people import actor_of
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_store import objects
from annexa.pure.activity_sources import SERVICE, Choice
from annexa.pure.events import Event, Kept, Kind
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import ANNEXA
from annexa.records.activity import Segment
from annexa.records.people import Person
from annexa.records.tokens import ApiToken

DAYS: Final = 36
ASSISTANT, SCORE, SCREENING = "fenna-assistant", "payment-plan-score", "application-screening"
GATEWAY: Final = "ai-gateway"
UNKNOWN: Final = "letter-drafts"
"""A service of which nobody said whose it is."""
_SLOW_DAY, _CHANGED_SINCE = 6, 8
_GIVEN: Final[Mapping[str, Any]] = {"source": GATEWAY, "kept": Kept.REDACTED.value, "environment": "production"}


@dataclass(slots=True)
class Dice:
    """Invented numbers, the same each time."""

    thrown: int = 0

    def random(self) -> float:
        """A number from 0 to 1, neither of them."""
        self.thrown += 1
        return (int.from_bytes(hashlib.sha256(f"Fenwharf {self.thrown}".encode()).digest()[:6]) + 0.5) / 2**48

    def below(self, number: int) -> int:
        """A whole number from 0 on, below this one."""
        return int(self.random() * number)

    def one_of(self, given: Sequence[Any]) -> Any:
        """One of some things."""
        return given[self.below(len(given))]

    def around(self, middle: float, spread: float) -> float:
        """A number near the middle, as heights are."""
        return NormalDist(middle, spread).inv_cdf(self.random())


@dataclass(frozen=True, kw_only=True)
class ActivityPlay:
    """Lets the systems work. `day`: the instant so many days ago."""

    people: Mapping[str, Person]
    now: datetime
    administrator: str
    dice: "Dice" = field(default_factory=lambda: Dice())

    def turns(self) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        """What is done, and when: the source is opened, then each day's events are sealed.

        Nothing, where what the activity log needs is not installed.
        """
        if find_spec("pyarrow") is None:
            return
        yield self._evening(DAYS + 3), self.connect
        for ago in range(DAYS, 0, -1):
            yield self._evening(ago), partial(self.seal, ago)
        yield self.now - timedelta(minutes=1), partial(self.seal, 0)

    def _evening(self, ago: int) -> datetime:
        return (self.now - timedelta(days=ago)).replace(hour=19, minute=45, second=0, microsecond=0)

    def connect(self, now: datetime) -> None:
        """Opens the gateway as a source, and chooses what is kept."""
        person = self.people[self.administrator]
        by: dict[str, Any] = {"actor": actor_of(person), "person": person, "now": now}
        rules = [
            {"attribute": SERVICE, "how": "equals", "value": one, "system": one}
            for one in (ASSISTANT, SCORE, SCREENING)
        ]
        open_source(slug=GATEWAY, name="AI gateway", rules=rules, because="All AI of the house goes through it", **by)
        choose_activity(
            system=ORGANISATION, choice=Choice(retention_days=400), because="Retention plan, logs of systems", **by
        )

    def seal(self, ago: int, now: datetime) -> None:
        """Seals what came on a day."""
        from annexa.activity.columns import batch_of
        from annexa.activity.segments import FORMAT, parts_of, segment_file

        events = [_received(one, microseconds(now)) for one in self.events(ago, now)]
        rows = []
        for part in parts_of([batch_of(one) for one in _by_features(events)]):
            name = hashlib.sha256(f"{part.system} {now.isoformat()}".encode()).hexdigest()[:16]
            made = segment_file(part, id=f"{now:%Y%m%dT%H%M%S}-{name}")
            objects().put(made.path, memoryview(made.data))
            rows.append(
                Segment(
                    id=made.id, system=made.system, hour=made.hour, path=made.path, sha256=made.sha256,
                    size=made.data.size, records=made.records, root=made.root, first_at=made.first_at,
                    last_at=made.last_at, first_received_at=made.first_received_at,
                    last_received_at=made.last_received_at, repeats=0, taken=[], format=FORMAT, recorded_at=now,
                )
            )  # fmt: skip
        if rows:
            with door(actor=ANNEXA, verb="seal_activity", now=now) as opened:
                opened.write_many(rows, kind="activity_segment", subject=lambda row: f"activity_segment/{row.id}")
        if ago == 0:
            note_heard(token=ApiToken.objects.get(holder=f"service/{GATEWAY}").id, now=now)

    def events(self, ago: int, now: datetime) -> Iterator[Event]:
        """What came on a day: less at weekends."""
        begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
        span = max(min(now - begin, timedelta(hours=19)) - timedelta(minutes=5), timedelta(seconds=30))
        share = 0.35 if begin.weekday() >= 5 else 1.0
        share *= 1 if ago else max(0.1, span / timedelta(hours=19))
        for number in range(round(66 * max(share, 0.9 if ago else share))):
            yield from self._conversation(begin + span * self.dice.random(), f"{begin:%Y%m%d}-{number}", ago)
        for number in range(round(45 * share)):
            yield self._score(begin + span * self.dice.random(), f"{begin:%Y%m%d}-{number}", ago)
        for number in range(round(12 * share)):
            yield self._screening(begin + span * self.dice.random(), f"{begin:%Y%m%d}-{number}")
        if ago < 5:
            for number in range(4):
                at = begin + span * self.dice.random()
                yield self._event(
                    at, 900, system="", service=UNKNOWN, kind=Kind.INFERENCE.value, name="chat", operation="chat",
                    model="letters-small", record_id=f"letter-{begin:%Y%m%d}-{number}", outcome="ok",
                    input="Draft a friendly reminder of an unpaid bill", output="Dear customer, a bill is open.",
                )  # fmt: skip

    def _conversation(self, at: datetime, name: str, ago: int) -> Iterator[Event]:
        trace = hashlib.sha256(name.encode()).digest()[:16]
        user = f"p_{self.dice.below(140):04x}"
        for turn in range(self.dice.one_of((1, 2, 2, 3))):
            refuses = self.dice.random() < (0.09 if ago < _CHANGED_SINCE else 0.02)
            said = self.dice.one_of([one for one in exchanges() if ("outcome" in one) is refuses])
            wrong = self.dice.random() < 0.008
            took = exp(self.dice.around(6.9, 0.45)) * (3.2 if ago == _SLOW_DAY else 1)
            tokens_in, tokens_out = 180 + len(said["ask"]) // 4 + 90 * turn, len(said["answer"]) // 4
            yield self._event(
                at, took, system=ASSISTANT, service=ASSISTANT, kind=Kind.INFERENCE.value, name="chat", operation="chat",
                provider="openai", model="gpt-4.1-mini", model_version="2025-04-14", version="2.8",
                trace_id=trace, span_id=hashlib.sha256(f"{name}-{turn}".encode()).digest()[:8],
                conversation=f"chat-{name}", user=user,
                input=_messages("user", said["ask"]), input_length=len(said["ask"]), input_tokens=tokens_in,
                output=None if wrong else _messages("assistant", said["answer"]),
                output_length=None if wrong else len(said["answer"]), output_tokens=0 if wrong else tokens_out,
                outcome="error" if wrong else said.get("outcome", "ok"), error="timeout" if wrong else None,
                finish=None if wrong else "stop", cost=(tokens_in * 0.4 + tokens_out * 1.6) / 1e6, currency="USD",
            )  # fmt: skip
            at += timedelta(seconds=20 + self.dice.below(70))

    def _score(self, at: datetime, name: str, ago: int) -> Event:
        income = max(600.0, self.dice.around(2_350 if ago >= _CHANGED_SINCE else 2_020, 520))
        arrears, years = float(self.dice.one_of((0, 0, 1, 1, 2, 3))), float(1 + self.dice.below(24))
        score = 1 / (1 + 2.718281828 ** -(income / 900 - arrears * 0.9 + years * 0.03 - 1.2))
        return self._event(
            at, exp(self.dice.around(3.4, 0.3)), system=SCORE, service=SCORE, kind=Kind.INFERENCE.value,
            name="score", operation="predict", provider="in house", model="payment-plan", model_version="7",
            record_id=f"score-{name}", user=f"p_{self.dice.below(900):04x}", outcome="ok", score=round(score, 4),
            prediction="plan" if score >= 0.5 else "by hand",
            features={"income": round(income, 2), "arrears": arrears, "contract_years": years,
                      "channel": self.dice.one_of(("web", "web", "phone", "letter"))},
        )  # fmt: skip

    def _screening(self, at: datetime, name: str) -> Event:
        score = round(min(0.98, max(0.02, self.dice.around(0.57, 0.18))), 3)
        changed = self.dice.random() < 0.14
        return self._event(
            at, exp(self.dice.around(7.4, 0.3)), system=SCREENING, service=SCREENING, kind=Kind.INFERENCE.value,
            name="screen application", operation="predict", provider="supplier", model="screening", model_version="3.1",
            record_id=f"application-{name}", outcome="ok", score=score,
            prediction="invite" if score > 0.5 else "look again",
            decision="override" if changed else "accept", reviewers=self.dice.one_of(("p_hr01", "p_hr02")),
            explanation="Three of four required skills are named in the letter.",
        )  # fmt: skip

    def _event(self, at: datetime, took: float, **said: Any) -> Event:
        begun = microseconds(at.astimezone(UTC))
        return Event(at=begun, ended_at=begun + round(took * 1000), received_at=begun, **{**_GIVEN, **said})


def _received(event: Event, at: int) -> Event:
    """The event as it came at an instant."""
    return replace(event, received_at=max(at, event.at))


def _by_features(events: list[Event]) -> list[list[Event]]:
    """Events with features apart from those without: columns of features are for those that have them."""
    return [some for some in ([e for e in events if e.features], [e for e in events if not e.features]) if some]


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)


@cache
def exchanges() -> tuple[dict[str, str], ...]:
    """Questions to the assistant and its answers; the last two are refused."""
    return tuple(tomllib.loads(told("activity.toml").decode("utf-8"))["exchange"])
