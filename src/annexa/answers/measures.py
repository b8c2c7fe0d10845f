"""Figures for whoever watches the installation: numbers only, nothing about anybody or any one system."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from annexa.answers.backup import last_backup
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerCheckpoint, Outbox

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure, under the name by which it is collected."""

    name: str
    means: str
    value: float


def measures(*, now: datetime) -> tuple[Measure, ...]:
    """What grows, waits and runs out. Cost: four small queries. Without a backup, its age is left out."""
    head = LedgerCheckpoint.objects.order_by("-size").values_list("size", "at").first()
    superseded = Evidence.objects.exclude(supersedes="").values("supersedes")
    soon = Evidence.objects.filter(expires_at__gt=now, expires_at__lte=now + SOON).exclude(pk__in=superseded)
    found = [
        Measure(name="annexa_ledger_entries", means="Entries of the ledger.", value=head[0] if head else 0),
        Measure(
            name="annexa_outbox_entries",
            means="Entries that wait for their place in the ledger; more than 0 for a minute is wrong.",
            value=Outbox.objects.count(),
        ),
        Measure(
            name="annexa_evidence_expiring_30_days",
            means="Pieces of evidence, not superseded, that expire within 30 days.",
            value=soon.count(),
        ),
    ]
    if head:
        found.append(_age("annexa_checkpoint_age_seconds", "Since the last signed root was made.", head[1], now))
    if last := last_backup():
        found.append(_age("annexa_backup_age_seconds", "Since the last backup was made.", last.at, now))
    return tuple(found)


def _age(name: str, means: str, since: datetime, now: datetime) -> Measure:
    return Measure(name=name, means=means, value=round((now - since).total_seconds(), 3))
