"""Uses of AI that logs show: counted by service, with the people behind them as numbers only.

Who used a service is known here by a pseudonym, and only while it is counted: of a group that is too small to hide
in, not even its size is told. Source: GDPR Art. 4(5), Art. 25(1).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

FEWEST = 5
"""Groups of fewer people are not counted out."""
FEW = f"fewer than {FEWEST}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An AI service as logs know it: its hosts, with everything below them, and what sign-on calls it, folded."""

    id: str
    name: str
    vendor: str
    kind: str
    hosts: tuple[str, ...]
    apps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What logs show of one service: how many days, people, requests and bytes, from the first day to the last."""

    service: Service
    days: int
    people: int
    requests: int
    size: int
    first_on: date
    last_on: date

    @property
    def people_said(self) -> str:
        """How many people, unless they are too few to hide in."""
        return str(self.people) if self.people >= FEWEST else FEW


@dataclass(kw_only=True)
class _Sum:
    days: set[date] = field(default_factory=set)
    people: set[bytes] = field(default_factory=set)
    requests: int = 0
    size: int = 0


class Services:
    """Finds the service of a host or an app."""

    def __init__(self, services: Iterable[Service]) -> None:
        self.by_host: dict[str, Service] = {}
        self.by_app: dict[str, Service] = {}
        for one in services:
            self.by_host |= {host: one for host in one.hosts if host}
            self.by_app |= {app.casefold(): one for app in one.apps if app}

    def of(self, host: str, app: str) -> Service | None:
        """The service; by its host or a domain above it, else by the name of the app."""
        labels = host.split(".")
        for start in range(len(labels) - 1):
            found = self.by_host.get(".".join(labels[start:]))
            if found is not None:
                return found
        return self.by_app.get(app.strip().casefold()) if app else None


class Counted:
    """Adds rows up by service; of who used them it holds pseudonyms, never names."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.sums: dict[str, tuple[Service, _Sum]] = {}
        self.rows = 0
        self.matched = 0

    def add(self, *, host: str, app: str, pseudonym: bytes, on: date, requests: int, size: int) -> None:
        """Counts one row."""
        self.rows += 1
        service = self.services.of(host, app)
        if service is None:
            return
        self.matched += 1
        _, total = self.sums.setdefault(service.id, (service, _Sum()))
        total.days.add(on)
        total.people.add(pseudonym)
        total.requests += requests
        total.size += size

    def found(self) -> Iterator[Found]:
        """What was found, the most used first."""
        ordered = sorted(self.sums.values(), key=lambda pair: (-pair[1].requests, pair[0].name))
        for service, total in ordered:
            yield Found(
                service=service,
                days=len(total.days),
                people=len(total.people),
                requests=total.requests,
                size=total.size,
                first_on=min(total.days),
                last_on=max(total.days),
            )


def hosts_of(text: str) -> tuple[str, ...]:
    """The hosts of a tool as its record has them, one a line."""
    return tuple(dict.fromkeys(line.strip().lower() for line in text.splitlines() if line.strip()))


def with_tools(
    services: Iterable[Service], tools: Mapping[str, tuple[str, str]]
) -> tuple[tuple[Service, ...], dict[str, str]]:
    """The known services with the tools of the catalogue (slug: name, hosts) that are none of them, and which tool is
    which service: a tool is the service that one of its hosts leads to, or that has its name."""
    known = tuple(services)
    look = Services(known)
    names = {one.name.casefold(): one for one in known}
    own: list[Service] = []
    which: dict[str, str] = {}
    for slug, (name, text) in tools.items():
        hosts = hosts_of(text)
        found = (
            next((one for host in hosts if (one := look.of(host, ""))), None)
            or look.of("", name)
            or names.get(name.casefold())
        )
        if found is None and hosts:
            found = Service(id=f"tool-{slug}", name=name, vendor="", kind="of the catalogue", hosts=hosts, apps=(name,))
            own.append(found)
        if found is not None:
            which.setdefault(found.id, slug)
    return (*own, *known), which
