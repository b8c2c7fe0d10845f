"""Which engine monitors count on: this process, or a Spark that is there already, by the address of its Connect server.

The address is that of Spark's own clients: sc://host:port/;token=…;use_ssl=true. Loads nothing of Spark.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from annexa.activity import ActivityError

PORT: Final = 15002
"""Where Spark Connect listens unless it was told otherwise."""
_FORM: Final = "write sc://host:port, where a Spark Connect server listens"
_STORE: Final = re.compile(r"[a-z][a-z0-9+.-]*:/\S+", re.IGNORECASE)


class EngineError(ActivityError):
    """The engine that monitors are to count on cannot do it; says what, and which setting to look at."""


class EngineGoneError(EngineError):
    """It cannot be reached, or went away: whatever else is asked of it now will fail as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Spark Connect server. `url`: for its client, with the token if there is one.

    `store`: where Spark finds the store of segments, without a stroke at the end; "": at the store's own address.
    """

    url: str = field(repr=False)
    host: str
    port: int
    store: str = ""

    @property
    def name(self) -> str:
        """How it is called before people: without the token."""
        return f"sc://{self.host}:{self.port}"


def read_engine(url: str, store: str = "") -> Engine:
    """The engine of this address. Raises ValueError with what is wrong and what to write; no token is repeated."""
    scheme, found, _ = url.partition("://")
    if not found or scheme != "sc":
        raise ValueError(_other(scheme if found else ""))
    try:
        parts = urlsplit(f"http://{url.removeprefix('sc://').partition('/')[0].partition(';')[0]}")
        host, port = parts.hostname, parts.port or PORT
    except ValueError as error:
        raise ValueError(f"{error}; {_FORM}") from None
    path = url.removeprefix("sc://").partition("/")[2]
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"it names no host, or more than a host and port; {_FORM}")
    if ";" in url and not path.startswith(";"):
        raise ValueError("what follows the host begins with /; as in sc://host:15002/;token=…;use_ssl=true")
    if path and not path.startswith(";"):
        raise ValueError(f"nothing but /;name=value may follow the host; {_FORM}")
    for one in path.split(";")[1:]:
        name, equals, value = one.partition("=")
        if not name or not equals or not value or "=" in value:
            raise ValueError(f"{name or 'a part'!r} after the host is no name=value; an = in a value is written %3D")
        if name == "session_id":
            raise ValueError("session_id is not taken: every run has a session of its own")
    if store and not is_address(store):
        raise ValueError("the store is no address such as s3a://bucket/prefix or file:///srv/annexa")
    return Engine(url=url, host=f"[{host}]" if ":" in host else host, port=port, store=store.rstrip("/"))


def is_address(store: str) -> bool:
    """Whether that may be where an engine finds the store."""
    return _STORE.fullmatch(store) is not None


def _other(scheme: str) -> str:
    """What to say of an address of another kind."""
    if scheme == "spark":
        return f"spark: is the address of a Spark master, which takes no clients of this kind; {_FORM}"
    if scheme in {"local", "yarn", "k8s"}:
        return f"{scheme}: says how Spark starts its own work; {_FORM}"
    if scheme:
        return f"{scheme}: is no engine that monitors run on; they run in this process, or on Spark: {_FORM}"
    return _FORM
