"""Reads the list of well-known AI services, by which logs are searched; refused whole if anything in it is wrong."""

from collections.abc import Mapping
from functools import cache

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.finds import Service

KINDS = ("assistant", "coding", "writing", "translation", "images", "video", "sound", "meetings", "search", "data",
         "platform", "slides")  # fmt: skip
"""What a service is mainly used for."""


@cache
def ai_services() -> tuple[Service, ...]:
    """The services shipped with this version of Annexa, by id. Raises LibraryError."""
    return load_ai_services(shipped(("ai_services",)))


def load_ai_services(files: Mapping[str, bytes]) -> tuple[Service, ...]:
    """Services from their files, by id. Raises LibraryError with every problem: no host or app is listed twice."""
    problems: list[str] = []
    found: dict[str, Service] = {}
    hosts: dict[str, str] = {}
    for reader in readers(files, problems):
        for table in reader.tables("service"):
            one = _service(table)
            if one.id in found:
                table.wrong("the id occurs twice")
            found[one.id] = one
            for host in (*one.hosts, *one.apps):
                if hosts.get(host, one.id) != one.id:
                    table.wrong(f"{host!r} is listed for {hosts[host]} already")
                hosts[host] = one.id
        reader.done()
    if problems:
        raise LibraryError(problems)
    return tuple(found[one] for one in sorted(found))


def _service(reader: Reader) -> Service:
    one = Service(
        id=reader.text("id"),
        name=reader.text("name"),
        vendor=reader.text("vendor"),
        kind=reader.one_of("kind", KINDS),
        hosts=_listed(reader.text("hosts")),
        apps=_listed(reader.text("apps", "")),
    )
    reader.done()
    for wrong in (host for host in one.hosts if host != host.lower() or "/" in host or "." not in host):
        reader.wrong(f"{wrong!r} is not a host such as ai.example.com")
    if not one.hosts:
        reader.wrong("hosts is empty")
    return one


def _listed(text: str) -> tuple[str, ...]:
    """What stands between bars."""
    return tuple(part for part in text.split("|") if part)
