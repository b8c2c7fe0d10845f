"""Every setting of Annexa: its environment name, type, default and meaning. A wrong value stops the start.

Values come from the environment; secrets also from the file that NAME_FILE points to. See docs/settings.md.
"""

import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from annexa.activity.engines import Engine, is_address, read_engine
from annexa.adapters.mail_urls import MailUrlError, read_server
from annexa.adapters.saml_metadata import MetadataError, SamlProvider, parse_metadata
from annexa.pure.group_roles import ORDER, GroupRole, GroupRolesError, parse_group_roles
from annexa.pure.mails import MailServer, is_mail_address


class SettingsError(SystemExit):
    """One or more settings are wrong; the message has a sentence for each. Exit code 2: wrong use."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        print("\n".join(["Annexa cannot start:", *(f"  {problem}" for problem in problems)]), file=sys.stderr)  # noqa: T201
        super().__init__(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: the environment name, its default as text, and what it means in one line."""

    name: str
    default: str
    means: str


SETTINGS: tuple[Setting, ...] = (
    Setting(name="ANNEXA_HOME", default="~/.annexa", means="Folder for database, evidence, ledger and keys."),
    Setting(
        name="ANNEXA_DATABASE_URL",
        default="",
        means="sqlite:///path or postgresql://user:password@host/name; default: a SQLite file in ANNEXA_HOME.",
    ),
    Setting(
        name="ANNEXA_STORE_URL",
        default="",
        means="file:///path of the folder for evidence bytes and ledger tiles; default: a folder in ANNEXA_HOME.",
    ),
    Setting(
        name="ANNEXA_ACTIVITY_STORE_URL",
        default="",
        means="s3://bucket/prefix of the activity log, with ?endpoint= and &region= where it is not Amazon; default: "
        "the folder of ANNEXA_STORE_URL.",
    ),
    Setting(
        name="ANNEXA_ACTIVITY_STORE_KEY",
        default="",
        means="Access key of that bucket; default: what the environment of AWS says.",
    ),
    Setting(name="ANNEXA_ACTIVITY_STORE_SECRET", default="", means="The secret that belongs to that key."),
    Setting(
        name="ANNEXA_ACTIVITY_COPIES_MB",
        default="10240",
        means="MiB of files of that bucket that are kept in ANNEXA_HOME while they are read now and then.",
    ),
    Setting(
        name="ANNEXA_ENGINE_URL",
        default="",
        means="sc://host:port of a Spark Connect server on which monitors run; default: in this process.",
    ),
    Setting(
        name="ANNEXA_ENGINE_STORE_URL",
        default="",
        means="Where that engine finds the folder or bucket of the activity log; default: the store's own address.",
    ),
    Setting(
        name="ANNEXA_SECRET_KEY",
        default="",
        means="Secret for sessions and links, at least 50 characters; default: made at first start in ANNEXA_HOME.",
    ),
    Setting(
        name="ANNEXA_ALLOWED_HOSTS",
        default="localhost,127.0.0.1,[::1]",
        means="Host names under which the server may be reached, separated by commas.",
    ),
    Setting(
        name="ANNEXA_HTTPS",
        default="no",
        means="yes when browsers reach the server over HTTPS (also behind a proxy): secure cookies and HSTS.",
    ),
    Setting(name="ANNEXA_UPLOAD_LIMIT_MB", default="50", means="Largest file that may be uploaded, in MiB."),
    Setting(
        name="ANNEXA_ACTIVITY_BACKLOG_MB",
        default="1024",
        means="MiB of activity that may wait to be sealed; then senders are asked to come again later (503).",
    ),
    Setting(
        name="ANNEXA_ACTIVITY_SPARE_MB",
        default="512",
        means="MiB of the disk that stay free: below that, activity is not taken in (503).",
    ),
    Setting(
        name="ANNEXA_LOG",
        default="plain",
        means="plain, or json: every line on standard error is one JSON object, and every request has one.",
    ),
    Setting(
        name="ANNEXA_METRICS_TOKEN",
        default="",
        means="Token that opens /metrics, 20 characters or more; default: none, for this machine only, no proxies.",
    ),
    Setting(
        name="ANNEXA_WEBHOOKS_INSIDE",
        default="no",
        means="yes to send webhooks to loopback, private and link-local addresses too.",
    ),
    Setting(
        name="ANNEXA_SMTP_URL",
        default="",
        means="The server that mail is given to: smtp+starttls://user:password@host:587, smtps:// or smtp://; best as "
        "ANNEXA_SMTP_URL_FILE; default: nobody is mailed.",
    ),
    Setting(name="ANNEXA_MAIL_FROM", default="", means="Who mails come from, such as Annexa <annexa@example.org>."),
    Setting(
        name="ANNEXA_PUBLIC_URL",
        default="",
        means="Where people reach the server, such as https://annexa.example.org: links in mails begin with it.",
    ),
    Setting(
        name="ANNEXA_PROXIES",
        default="0",
        means="How many proxies of yours stand before the server: so many last addresses in X-Forwarded-For are true.",
    ),
    Setting(
        name="ANNEXA_MFA_REQUIRED",
        default="no",
        means="Who must have a second factor beside a password: no, administrators or everybody.",
    ),
    Setting(
        name="ANNEXA_SESSION_HOURS",
        default="12",
        means="After how many hours somebody has to sign in again, however busy they are.",
    ),
    Setting(
        name="ANNEXA_SESSION_IDLE_MINUTES",
        default="60",
        means="After how many minutes without a request somebody has to sign in again.",
    ),
    Setting(
        name="ANNEXA_OIDC_ISSUER",
        default="",
        means="Address of an OpenID Connect provider, such as https://login.example.org; default: none is asked.",
    ),
    Setting(name="ANNEXA_OIDC_CLIENT_ID", default="", means="Under which name that provider knows Annexa."),
    Setting(name="ANNEXA_OIDC_CLIENT_SECRET", default="", means="The secret that belongs to that name."),
    Setting(
        name="ANNEXA_OIDC_NAME", default="single sign-on", means="What stands on the button, after “Sign in with”."
    ),
    Setting(
        name="ANNEXA_OIDC_SCOPES",
        default="openid profile email",
        means="What is asked of the provider, separated by spaces; some tell groups only when asked for groups.",
    ),
    Setting(
        name="ANNEXA_OIDC_GROUPS_CLAIM",
        default="groups",
        means="The claim in which the provider tells somebody's groups.",
    ),
    Setting(
        name="ANNEXA_OIDC_INSIDE",
        default="no",
        means="yes when the OpenID Connect provider stands in a network of your own.",
    ),
    Setting(
        name="ANNEXA_SAML_METADATA",
        default="",
        means="The XML metadata of a SAML 2.0 identity provider, best as ANNEXA_SAML_METADATA_FILE; default: none.",
    ),
    Setting(
        name="ANNEXA_SAML_NAME", default="single sign-on", means="What stands on the button, after “Sign in with”."
    ),
    Setting(
        name="ANNEXA_SAML_GROUPS_ATTRIBUTE",
        default="groups",
        means="The attribute in which the SAML provider tells somebody's groups.",
    ),
    Setting(
        name="ANNEXA_SSO_ROLES",
        default="",
        means="Which role follows from which group of the provider, such as annexa-admins=administrator, grc=lead, "
        "hr=owner@people in a unit; the highest that fits counts.",
    ),
    Setting(
        name="ANNEXA_SSO_DEFAULT_ROLE",
        default="",
        means="The role of whoever the provider lets in and no group fits; default: they are not let in.",
    ),
    Setting(
        name="ANNEXA_SSO_EMAILS",
        default="verified",
        means="verified, or trusted: whether the provider must say that an email address is verified before it counts.",
    ),
    Setting(
        name="ANNEXA_TOKEN",
        default="",
        means="Token with which commands ask another server (annexa --server URL); this server itself does not use it.",
    ),
    Setting(
        name="ANNEXA_WORKER",
        default="yes",
        means="no where annexa worker runs beside the server: then server processes place, publish and send nothing.",
    ),
    Setting(
        name="ANNEXA_REQUESTS_A_MINUTE",
        default="600",
        means="How many requests to the API are answered in a minute for each token, by all processes together.",
    ),
    Setting(
        name="ANNEXA_LEDGER_ORIGIN",
        default="",
        means="Name of the ledger in checkpoints, such as ledger.example.org/annexa; default: annexa.local/ and a "
        "random name made at first start.",
    ),
)
"""Every ANNEXA_ name there is; an unknown one is refused, so that a slip of the pen does not pass unnoticed."""

POSTGRESQL_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name")
"""What may follow the question mark of a PostgreSQL URL besides host, port and user; see its own manual."""

_problems: list[str] = []


def _read(name: str) -> str:
    """A setting's text from the environment, from the file NAME_FILE, or its default."""
    known = {setting.name: setting for setting in SETTINGS}
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            _problems.append(f"{name}_FILE points to {path}, which cannot be read: {error}.")
    return os.environ.get(name, known[name].default)


def _refuse_unknown() -> None:
    names = {setting.name for setting in SETTINGS}
    ours = [name for name in sorted(os.environ) if name.startswith("ANNEXA_") and not name.startswith("ANNEXA_TEST_")]
    _problems.extend(
        f"{name} is not a setting. Known are: {', '.join(sorted(names))}."
        for name in ours
        if name.removesuffix("_FILE") not in names
    )


def _yes(name: str) -> bool:
    text = _read(name).strip().lower()
    if text not in {"yes", "no"}:
        _problems.append(f"{name} is {text!r}; write yes or no.")
    return text == "yes"


def _whole(name: str, least: int, most: int) -> int:
    text = _read(name).strip()
    if not text.isdecimal() or not least <= int(text) <= most:
        _problems.append(f"{name} is {text!r}; write a whole number from {least} to {most}.")
        return least
    return int(text)


def _database(url: str, home: Path) -> dict[str, Any]:
    """Django's database settings from a URL."""
    if not url:
        url = f"sqlite:///{home / 'annexa.sqlite3'}"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        _problems.append(f"ANNEXA_DATABASE_URL cannot be read: {error}.")
        return {}
    if parts.scheme == "sqlite":
        if problem := _wrong_file(url):
            _problems.append(f"ANNEXA_DATABASE_URL is {url!r}: {problem}.")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(url.removeprefix("sqlite:///")),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                " PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;",
            },
        }
    if parts.scheme in {"postgresql", "postgres"}:
        return _postgresql(parts)
    _problems.append(f"ANNEXA_DATABASE_URL begins with {parts.scheme}:; write sqlite:///path or postgresql://…")
    return {}


class SettingsProblemsError(ValueError):
    """The URL of a database that is not this installation's own is wrong; has a sentence for each thing."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


def other_database(url: str, home: Path) -> dict[str, Any]:
    """Django's settings of the database of another home; "" is the file in it. Raises SettingsProblemsError."""
    before = len(_problems)
    found = _database(url, home)
    if wrong := _problems[before:]:
        del _problems[before:]
        raise SettingsProblemsError(wrong)
    return found


def _wrong_file(url: str) -> str:
    """What is wrong with the address of an SQLite file; "" if nothing is."""
    name = unquote(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not name:
        return "write sqlite:////absolute/path/of/the/file"
    try:
        return "that is a folder; name a file in it" if Path(name).is_dir() else ""
    except (OSError, ValueError) as error:
        return f"that is no file: {error}"


def _postgresql(parts: SplitResult) -> dict[str, Any]:
    """A server by name or, as in postgresql:///name?host=/run/postgresql, by the folder of its socket."""
    said = dict(parse_qsl(parts.query))
    try:
        port = said.pop("port", "") or str(parts.port or "")
    except ValueError as error:
        _problems.append(f"ANNEXA_DATABASE_URL: {error}.")
        port = ""
    found: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": said.pop("user", "") or unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": said.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": port,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
    found["OPTIONS"] = {name: said.pop(name) for name in POSTGRESQL_OPTIONS if name in said}
    if not found["NAME"]:
        _problems.append("ANNEXA_DATABASE_URL names no database; write postgresql://user:password@host/name.")
    for name in said:
        known = ", ".join(("host", "port", "user", *POSTGRESQL_OPTIONS))
        _problems.append(f"ANNEXA_DATABASE_URL: {name} is not known after the question mark; known are {known}.")
    return found


def _store(url: str, home: Path) -> Path:
    """The folder for bytes from a URL."""
    if not url:
        return home / "store"
    parts = urlsplit(url)
    if parts.scheme != "file" or not parts.path:
        _problems.append(f"ANNEXA_STORE_URL is {url!r}; write file:///path.")
        return home / "store"
    path = Path(unquote(parts.path))
    if path.exists() and not path.is_dir():
        _problems.append(f"ANNEXA_STORE_URL is {url!r}, and {path} is not a folder.")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityBucket:
    """The bucket of the activity log: its URL, and the key for it."""

    url: str
    key: str
    secret: str


def _activity_bucket() -> ActivityBucket | None:
    """What is set of it; None where segments are in the store's folder."""
    url = _read("ANNEXA_ACTIVITY_STORE_URL").strip()
    key, secret = _read("ANNEXA_ACTIVITY_STORE_KEY").strip(), _read("ANNEXA_ACTIVITY_STORE_SECRET").strip()
    if not url:
        if key or secret:
            _problems.append("ANNEXA_ACTIVITY_STORE_KEY or _SECRET is set, but ANNEXA_ACTIVITY_STORE_URL is not.")
        return None
    if not url.startswith("s3://"):
        _problems.append(f"ANNEXA_ACTIVITY_STORE_URL is {url!r}; write s3://bucket/prefix.")
        return None
    if find_spec("obstore") is None:
        _problems.append("ANNEXA_ACTIVITY_STORE_URL needs the package obstore: pip install 'annexa[activity]'.")
        return None
    from annexa.vault.buckets import read_bucket

    try:
        read_bucket(url, key=key, secret=secret)
    except ValueError as error:
        _problems.append(f"ANNEXA_ACTIVITY_STORE_URL is {url!r}: {error}.")
        return None
    return ActivityBucket(url=url, key=key, secret=secret)


def _engine() -> Engine | None:
    """Where monitors run; None for this process."""
    url, store = _read("ANNEXA_ENGINE_URL").strip(), _read("ANNEXA_ENGINE_STORE_URL").strip()
    if store and not is_address(store):
        _problems.append(f"ANNEXA_ENGINE_STORE_URL is {store!r}; write s3a://bucket/prefix or file:///path.")
        store = ""
    if not url:
        if store:
            _problems.append("ANNEXA_ENGINE_STORE_URL is set, but ANNEXA_ENGINE_URL is not.")
        return None
    if find_spec("pyspark") is None:
        _problems.append("ANNEXA_ENGINE_URL needs the client of Spark: pip install 'annexa[spark]'.")
    try:
        return read_engine(url, store)
    except ValueError as error:
        _problems.append(f"ANNEXA_ENGINE_URL is wrong: {error}.")
        return None


def _mail() -> MailServer | None:
    """The server for mail; None where nobody is mailed. Who sends, and where links lead, then have to be said too."""
    url, sender, public = (_read(one).strip() for one in ("ANNEXA_SMTP_URL", "ANNEXA_MAIL_FROM", "ANNEXA_PUBLIC_URL"))
    if sender and not is_mail_address(sender):
        _problems.append(f"ANNEXA_MAIL_FROM is {sender!r}; write an address such as Annexa <annexa@example.org>.")
    if public and _wrong_base(public):
        _problems.append(f"ANNEXA_PUBLIC_URL is {public!r}; write an address such as https://annexa.example.org.")
    if not url:
        return None
    for name, said in (("ANNEXA_MAIL_FROM", sender), ("ANNEXA_PUBLIC_URL", public)):
        if not said:
            _problems.append(f"ANNEXA_SMTP_URL is set, but {name} is not.")
    try:
        return read_server(url)
    except MailUrlError as error:
        _problems.append(f"ANNEXA_SMTP_URL: {error}.")
        return None


def _wrong_base(url: str) -> bool:
    """Whether an address is none to which paths can be added."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return True
    plain = url.isascii() and url.isprintable() and not any(one in url for one in "\"'<> @\\")
    return not (plain and parts.scheme in {"https", "http"} and parts.hostname) or bool(
        parts.path.strip("/") or parts.query or parts.fragment
    )


def _secret(home: Path) -> str:
    """The secret key: as set, or made once and kept beside the data, readable by its owner only."""
    if given := _read("ANNEXA_SECRET_KEY"):
        if len(given) < 50:
            _problems.append(f"ANNEXA_SECRET_KEY has {len(given)} characters; use at least 50 random ones.")
        return given
    path = home / "secret.key"
    # Looking at a folder makes nothing in it: what make_home has not kept holds for this process only.
    return _kept_secret(path) if path.exists() else secrets.token_urlsafe(64)


def make_home() -> None:
    """Makes the home and the secret key where there are none yet: at the first start, and for nobody who only looks.

    Several processes at once end with the same secret. Raises SettingsError.
    """
    from django.conf import settings

    home: Path = settings.HOME
    path = home / "secret.key"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not given("ANNEXA_SECRET_KEY") and not path.exists():
            whole = home / f".secret-{secrets.token_hex(8)}"
            with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(settings.SECRET_KEY)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(whole)  # the file appears whole or not at all, and replaces none
            whole.unlink()
            settings.SECRET_KEY = _kept_secret(path)
    except OSError as error:
        raise SettingsError([f"{error.filename or home} cannot be written: {error.strerror}."]) from error


def given(name: str) -> bool:
    """Whether a setting was set, rather than left to its default."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _kept_secret(path: Path) -> str:
    try:
        kept = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        _problems.append(f"{path} cannot be read: {error}.")
        return ""
    if len(kept) < 50:
        _problems.append(f"{path} holds {len(kept)} characters instead of 50 or more. Remove it: a new one is made.")
    return kept


def _log() -> str:
    text = _read("ANNEXA_LOG").strip().lower()
    if text not in {"plain", "json"}:
        _problems.append(f"ANNEXA_LOG is {text!r}; write plain or json.")
    return text


def _metrics_token() -> str:
    text = _read("ANNEXA_METRICS_TOKEN").strip()
    if text and (len(text) < 20 or not text.isascii() or not text.isprintable()):
        _problems.append("ANNEXA_METRICS_TOKEN needs at least 20 characters, all of them ASCII, best random ones.")
    return text


def _origin() -> str:
    """The ledger's name: it stands in signatures, so it has neither spaces nor a plus."""
    text = _read("ANNEXA_LEDGER_ORIGIN")
    if text and (any(c.isspace() or c == "+" for c in text) or not text.isprintable() or len(text) > 200):
        _problems.append(f"ANNEXA_LEDGER_ORIGIN is {text!r}; write at most 200 characters without spaces and plus.")
    return text


def _hosts() -> list[str]:
    """Names, not addresses of pages: a whole URL, a port or a path would match nothing, and nobody would see why."""
    found = [host.strip() for host in _read("ANNEXA_ALLOWED_HOSTS").split(",") if host.strip()]
    if not found:
        _problems.append("ANNEXA_ALLOWED_HOSTS names no host; write names separated by commas.")
    for host in found:
        name = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
        port = ":" in name and name == host
        if port or "/" in host or any(c.isspace() for c in host):
            _problems.append(f"ANNEXA_ALLOWED_HOSTS has {host!r}; write the name only, without https://, port or path.")
    return found


def _one_of(name: str, *words: str) -> str:
    text = _read(name).strip().lower()
    if text not in words:
        _problems.append(f"{name} is {text!r}; write {', '.join(words[:-1])} or {words[-1]}.")
        return words[0]
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """The OpenID Connect provider that is asked."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]
    groups_claim: str
    inside: bool


def _oidc() -> OidcProvider | None:
    """What is set of it; None without an issuer."""
    issuer, client = _read("ANNEXA_OIDC_ISSUER").strip(), _read("ANNEXA_OIDC_CLIENT_ID").strip()
    secret, inside = _read("ANNEXA_OIDC_CLIENT_SECRET").strip(), _yes("ANNEXA_OIDC_INSIDE")
    if not issuer:
        if client or secret:
            _problems.append("ANNEXA_OIDC_CLIENT_ID or _CLIENT_SECRET is set, but ANNEXA_OIDC_ISSUER is not.")
        return None
    try:
        parts = urlsplit(issuer)
        fits = parts.scheme in {"https", "http"} and bool(parts.hostname) and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        fits = False
    if not fits or "@" in issuer or "/.well-known/" in issuer:
        _problems.append(f"ANNEXA_OIDC_ISSUER is {issuer!r}; write an address such as https://login.example.org.")
    elif parts.scheme == "http" and not inside:
        _problems.append("ANNEXA_OIDC_ISSUER begins with http:; only a provider of your own network may be asked so.")
    if not client:
        _problems.append("ANNEXA_OIDC_ISSUER is set, but ANNEXA_OIDC_CLIENT_ID is not.")
    scopes = tuple(_read("ANNEXA_OIDC_SCOPES").split())
    if "openid" not in scopes:
        _problems.append("ANNEXA_OIDC_SCOPES has to hold openid.")
    return OidcProvider(
        issuer=issuer,
        client_id=client,
        client_secret=secret,
        name=_read("ANNEXA_OIDC_NAME").strip(),
        scopes=scopes,
        groups_claim=_read("ANNEXA_OIDC_GROUPS_CLAIM").strip(),
        inside=inside,
    )


def _saml() -> SamlProvider | None:
    """What the metadata says; None without any."""
    text = _read("ANNEXA_SAML_METADATA").strip()
    if not text:
        return None
    if find_spec("onelogin") is None:
        _problems.append('ANNEXA_SAML_METADATA is set, but SAML is not installed: pip install "annexa[saml]".')
    try:
        return parse_metadata(text)
    except MetadataError as error:
        _problems.append(f"ANNEXA_SAML_METADATA: {error}")
        return None


def _roles() -> tuple[GroupRole, ...]:
    try:
        return parse_group_roles(_read("ANNEXA_SSO_ROLES"))
    except GroupRolesError as error:
        _problems.append(f"ANNEXA_SSO_ROLES: {error}.")
        return ()


def _default_role() -> str:
    text = _read("ANNEXA_SSO_DEFAULT_ROLE").strip()
    if text and text not in ORDER:
        _problems.append(f"ANNEXA_SSO_DEFAULT_ROLE is {text!r}; use {', '.join(ORDER)}, or leave it out.")
    return text


def _home() -> Path:
    try:
        path = Path(_read("ANNEXA_HOME")).expanduser().resolve()
        there = next(folder for folder in (path, *path.parents) if folder.exists())
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, no home of that user, a name too long
        _problems.append(f"ANNEXA_HOME is {os.environ.get('ANNEXA_HOME', '')!r}, which is no folder: {error}.")
        return Path()
    if not there.is_dir():
        _problems.append(f"ANNEXA_HOME is {path}, and {there} is not a folder.")
    elif not os.access(there, os.W_OK):
        why = "which this user may not write to" if there == path else "which this user may not make"
        _problems.append(f"ANNEXA_HOME is {path}, {why}.")
    return path


_refuse_unknown()
HOME = _home()
STORE = _store(_read("ANNEXA_STORE_URL"), HOME)
ACTIVITY_BUCKET = _activity_bucket()
ENGINE = _engine()
LEDGER_ORIGIN = _origin()
UPLOAD_LIMIT_BYTES = _whole("ANNEXA_UPLOAD_LIMIT_MB", 1, 2048) * 1024 * 1024
ACTIVITY_BACKLOG_BYTES = _whole("ANNEXA_ACTIVITY_BACKLOG_MB", 1, 1_048_576) * 1024 * 1024
ACTIVITY_SPARE_BYTES = _whole("ANNEXA_ACTIVITY_SPARE_MB", 0, 1_048_576) * 1024 * 1024
ACTIVITY_COPIES_BYTES = _whole("ANNEXA_ACTIVITY_COPIES_MB", 64, 104_857_600) * 1024 * 1024
METRICS_TOKEN = _metrics_token()
_https = _yes("ANNEXA_HTTPS")
_json = _log() == "json"
WEBHOOKS_INSIDE = _yes("ANNEXA_WEBHOOKS_INSIDE")
MAIL = _mail()
MAIL_FROM = _read("ANNEXA_MAIL_FROM").strip()
PUBLIC_URL = _read("ANNEXA_PUBLIC_URL").strip().rstrip("/")
WORKER = _yes("ANNEXA_WORKER")
REQUESTS_A_MINUTE = _whole("ANNEXA_REQUESTS_A_MINUTE", 10, 10_000_000)
PROXIES = _whole("ANNEXA_PROXIES", 0, 9)
MFA_REQUIRED = _one_of("ANNEXA_MFA_REQUIRED", "no", "administrators", "everybody")
SESSION_HOURS = _whole("ANNEXA_SESSION_HOURS", 1, 24)
SESSION_IDLE_MINUTES = _whole("ANNEXA_SESSION_IDLE_MINUTES", 10, 1440)
OIDC = _oidc()
SAML = _saml()
SAML_NAME = _read("ANNEXA_SAML_NAME").strip()
SAML_GROUPS_ATTRIBUTE = _read("ANNEXA_SAML_GROUPS_ATTRIBUTE").strip()
SSO_ROLES = _roles()
SSO_DEFAULT_ROLE = _default_role()
SSO_EMAILS = _one_of("ANNEXA_SSO_EMAILS", "verified", "trusted")
if (OIDC or SAML) and not SSO_ROLES and not SSO_DEFAULT_ROLE:
    _problems.append(
        "A provider is set, but neither ANNEXA_SSO_ROLES nor ANNEXA_SSO_DEFAULT_ROLE: nobody would get in."
    )

# --- Django

SECRET_KEY = _secret(HOME)
DEBUG = False
ALLOWED_HOSTS = _hosts()
DATABASES = {"default": _database(_read("ANNEXA_DATABASE_URL"), HOME)}
if _problems:
    raise SettingsError(_problems)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    *(["allauth.socialaccount.providers.saml"] if SAML else []),
    "annexa.records",
    "annexa.web",
]
MIDDLEWARE = [
    "annexa.api.watching.watched",
    "django.middleware.security.SecurityMiddleware",
    "annexa.web.guard.content_security_policy",
    "annexa.api.health.probes",
    "annexa.web.guard.encrypted",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "annexa.web.sessions.sessions",
    "annexa.web.guard.signed_in",
    "annexa.web.guard.second_factor_first",
    "annexa.web.visits.visits",
    "annexa.web.guard.Unanswered",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "annexa.urls"
WSGI_APPLICATION = "annexa.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "records.Person"
LOGIN_URL = "sign-in"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "annexa.web.frame.frame",
            ],
            "builtins": ["annexa.web.templatetags.face"],
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "annexa.actions.passwords.GuessableValidator"},
    {"NAME": "annexa.actions.passwords.ContextValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = ["annexa.actions.passwords.Scrypt"]

# Of allauth only the way to a provider and back is used: see docs/decisions/0018-sign-in.md.
SOCIALACCOUNT_ADAPTER = "annexa.web.single_sign_on.Adapter"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Over HTTPS browsers take cookies of this name from this very host only, never over plain HTTP (RFC 6265bis, 4.1.3.2).
COOKIE_PREFIX = "__Host-" if _https else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
SESSION_COOKIE_AGE = SESSION_HOURS * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
HTTPS_ONLY = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = [
    "annexa.web.uploads.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"threads": {"()": "annexa.api.logs.ThreadsAreMeant"}},
    "formatters": {"line": {"()": f"annexa.api.logs.{'JsonLines' if _json else 'Lines'}"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # Django would add handlers of its own, which quote addresses.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},  # what is not found is in the line of its request
        "annexa.requests": {"level": "INFO" if _json else "WARNING"},
        "annexa.security": {"level": "INFO"},
        "_granian": {"level": "WARNING", "filters": ["threads"]},
    },
}
LOGGING_CONFIG = "logging.config.dictConfig"
