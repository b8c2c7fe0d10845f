"""What went wrong at a supplier: the section on its page, and how the notice of its contract was kept, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as later

from annexa.answers.supplier_incidents import SupplierIncident, incidents_at
from annexa.pure.permits import Permit, may_somewhere
from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS, Notice
from annexa.web.frame import actor

MOST = 10
"""Incidents that stand on the page of a supplier; all of them are in the register."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How a notice was kept: the mark, and what is said."""

    look: str
    said: Any


NOTICE: Mapping[Notice, Kept] = {
    "in time": Kept("pass", later("told in time")),
    "late": Kept("fail", later("told late")),
    "not told": Kept("soon", later("not told")),
    "unknown": Kept("idle", later("unknown whether in time")),
    "no clause": Kept("idle", later("no notice agreed")),
}


def incidents_of(request: HttpRequest, supplier: str) -> dict[str, Any]:
    """What the section shows."""
    who, now = actor(request), timezone.now()
    found = incidents_at(actor=who, supplier=supplier, now=now)
    return {
        "incidents": [(one, _look(one), NOTICE[one.notice]) for one in found[:MOST]],
        "incidents_all": len(found),
        "incidents_open": sum(one.open for one in found),
        "records_incidents": isinstance(may_somewhere(who, SUPPLIER_INCIDENTS.change), Permit),
    }


def _look(one: SupplierIncident) -> str:
    if not one.open:
        return "pass"
    return "fail" if one.serious else "soon"
