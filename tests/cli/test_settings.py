"""Settings that are wrong stop the start: each with a sentence that says what to write, all of them at once."""

from pathlib import Path

import pytest

from annexa.settings import SETTINGS
from tests.cli.test_main import alone

WRONG: tuple[tuple[str, str, str], ...] = (
    ("ANNEXA_HOME", "{file}", "ANNEXA_HOME is {file}, and {file} is not a folder."),
    ("ANNEXA_HOME", "{file}/below", "ANNEXA_HOME is {file}/below, and {file} is not a folder."),
    ("ANNEXA_HOME", "~nobody-of-this-name/x", "ANNEXA_HOME is '~nobody-of-this-name/x', which is no folder"),
    (
        "ANNEXA_DATABASE_URL",
        "mysql://x/y",
        "ANNEXA_DATABASE_URL begins with mysql:; write sqlite:///path or postgresql",
    ),
    ("ANNEXA_DATABASE_URL", "annexa.sqlite3", "ANNEXA_DATABASE_URL begins with :; write sqlite:///path"),
    ("ANNEXA_DATABASE_URL", "sqlite:/x", "write sqlite:////absolute/path/of/the/file"),
    ("ANNEXA_DATABASE_URL", "sqlite:///{folder}", "that is a folder; name a file in it"),
    ("ANNEXA_DATABASE_URL", "postgresql://[x", "ANNEXA_DATABASE_URL cannot be read"),
    ("ANNEXA_DATABASE_URL", "postgresql://host:port/x", "ANNEXA_DATABASE_URL: "),
    ("ANNEXA_DATABASE_URL", "postgresql://host", "ANNEXA_DATABASE_URL names no database"),
    ("ANNEXA_DATABASE_URL", "postgresql://host/x?ssl=yes", "ssl is not known after the question mark"),
    ("ANNEXA_STORE_URL", "s3://bucket", "ANNEXA_STORE_URL is 's3://bucket'; write file:///path."),
    ("ANNEXA_STORE_URL", "/srv/store", "ANNEXA_STORE_URL is '/srv/store'; write file:///path."),
    ("ANNEXA_STORE_URL", "file://{file}", "{file} is not a folder"),
    ("ANNEXA_ENGINE_URL", "trino://x", "ANNEXA_ENGINE_URL is wrong: trino: is no engine that monitors run on"),
    ("ANNEXA_ENGINE_URL", "sc://x/;token", "is no name=value"),
    (
        "ANNEXA_ENGINE_STORE_URL",
        "/srv",
        "ANNEXA_ENGINE_STORE_URL is '/srv'; write s3a://bucket/prefix or file:///path.",
    ),
    ("ANNEXA_ENGINE_STORE_URL", "file:///srv", "ANNEXA_ENGINE_STORE_URL is set, but ANNEXA_ENGINE_URL is not."),
    ("ANNEXA_SECRET_KEY", "short", "ANNEXA_SECRET_KEY has 5 characters; use at least 50 random ones."),
    ("ANNEXA_SECRET_KEY_FILE", "{folder}/none", "ANNEXA_SECRET_KEY_FILE points to {folder}/none, which cannot be read"),
    ("ANNEXA_ALLOWED_HOSTS", " , ", "ANNEXA_ALLOWED_HOSTS names no host"),
    ("ANNEXA_ALLOWED_HOSTS", "https://annexa.example.org", "write the name only, without https://, port or path."),
    ("ANNEXA_ALLOWED_HOSTS", "annexa.example.org:8000", "ANNEXA_ALLOWED_HOSTS has 'annexa.example.org:8000'"),
    ("ANNEXA_ALLOWED_HOSTS", "a.example b.example", "ANNEXA_ALLOWED_HOSTS has 'a.example b.example'"),
    ("ANNEXA_HTTPS", "maybe", "ANNEXA_HTTPS is 'maybe'; write yes or no."),
    ("ANNEXA_HTTPS", "", "ANNEXA_HTTPS is ''; write yes or no."),
    ("ANNEXA_UPLOAD_LIMIT_MB", "0", "ANNEXA_UPLOAD_LIMIT_MB is '0'; write a whole number from 1 to 2048."),
    ("ANNEXA_UPLOAD_LIMIT_MB", "5 GB", "ANNEXA_UPLOAD_LIMIT_MB is '5 GB'; write a whole number from 1 to 2048."),
    ("ANNEXA_LOG", "xml", "ANNEXA_LOG is 'xml'; write plain or json."),
    ("ANNEXA_METRICS_TOKEN", "short", "ANNEXA_METRICS_TOKEN needs at least 20 characters"),
    ("ANNEXA_METRICS_TOKEN", "ü" * 20, "ANNEXA_METRICS_TOKEN needs at least 20 characters"),
    ("ANNEXA_WEBHOOKS_INSIDE", "1", "ANNEXA_WEBHOOKS_INSIDE is '1'; write yes or no."),
    ("ANNEXA_SMTP_URL", "mail.example.org", "ANNEXA_SMTP_URL: write smtp+starttls://user:password@host:587"),
    ("ANNEXA_SMTP_URL", "smtp://ada:x@mail.example.org", "smtp: would tell the password to everybody on the way"),
    ("ANNEXA_MAIL_FROM", "Annexa", "ANNEXA_MAIL_FROM is 'Annexa'; write an address such as"),
    ("ANNEXA_MAIL_FROM", "a@example.org\nBcc: b@example.org", "write an address such as Annexa <annexa@example.org>."),
    ("ANNEXA_PUBLIC_URL", "annexa.example.org", "write an address such as https://annexa.example.org."),
    ("ANNEXA_PUBLIC_URL", "https://annexa.example.org/at?x", "write an address such as https://annexa.example.org."),
    ("ANNEXA_WORKER", "off", "ANNEXA_WORKER is 'off'; write yes or no."),
    ("ANNEXA_REQUESTS_A_MINUTE", "-1", "ANNEXA_REQUESTS_A_MINUTE is '-1'; write a whole number from 10 to 10000000."),
    ("ANNEXA_SESSION_HOURS", "25", "ANNEXA_SESSION_HOURS is '25'; write a whole number from 1 to 24."),
    ("ANNEXA_SESSION_IDLE_MINUTES", "0", "ANNEXA_SESSION_IDLE_MINUTES is '0'; write a whole number from 10 to 1440."),
    ("ANNEXA_PROXIES", "many", "ANNEXA_PROXIES is 'many'; write a whole number from 0 to 9."),
    ("ANNEXA_MFA_REQUIRED", "yes", "ANNEXA_MFA_REQUIRED is 'yes'; write no, administrators or everybody."),
    ("ANNEXA_OIDC_ISSUER", "login.example.org", "write an address such as https://login.example.org."),
    ("ANNEXA_OIDC_ISSUER", "http://login.example.org", "only a provider of your own network may be asked so."),
    ("ANNEXA_OIDC_CLIENT_ID", "annexa", "but ANNEXA_OIDC_ISSUER is not."),
    ("ANNEXA_OIDC_CLIENT_SECRET", "secret", "but ANNEXA_OIDC_ISSUER is not."),
    ("ANNEXA_OIDC_INSIDE", "1", "ANNEXA_OIDC_INSIDE is '1'; write yes or no."),
    ("ANNEXA_SAML_METADATA", "<no>", "ANNEXA_SAML_METADATA: "),
    ("ANNEXA_SSO_ROLES", "admins", "'admins' names no group and role"),
    ("ANNEXA_SSO_ROLES", "a=king", "'king' is not a role"),
    ("ANNEXA_SSO_DEFAULT_ROLE", "king", "ANNEXA_SSO_DEFAULT_ROLE is 'king'"),
    ("ANNEXA_SSO_EMAILS", "all", "ANNEXA_SSO_EMAILS is 'all'; write verified or trusted."),
    ("ANNEXA_LEDGER_ORIGIN", "our ledger", "ANNEXA_LEDGER_ORIGIN is 'our ledger'"),
    ("ANNEXA_LEDGER_ORIGIN", "a+b", "ANNEXA_LEDGER_ORIGIN is 'a+b'"),
    ("ANNEXA_ACTIVITY_STORE_URL", "https://x", "write s3://bucket/prefix."),
    ("ANNEXA_ACTIVITY_STORE_URL", "s3://x?regoin=eu", "regoin is not known after the question mark"),
    ("ANNEXA_ACTIVITY_STORE_KEY", "key", "but ANNEXA_ACTIVITY_STORE_URL is not."),
    ("ANNEXA_ACTIVITY_STORE_SECRET", "secret", "but ANNEXA_ACTIVITY_STORE_URL is not."),
    ("ANNEXA_ACTIVITY_BACKLOG_MB", "0", "ANNEXA_ACTIVITY_BACKLOG_MB"),
    ("ANNEXA_ACTIVITY_SPARE_MB", "some", "ANNEXA_ACTIVITY_SPARE_MB"),
    ("ANNEXA_ACTIVITY_COPIES_MB", "10", "ANNEXA_ACTIVITY_COPIES_MB"),
    ("ANNEXA_HOMEE", "x", "ANNEXA_HOMEE is not a setting. Known are: "),
)
"""Name, wrong value, and what is said of it."""
ANYTHING = {
    "ANNEXA_TOKEN", "ANNEXA_OIDC_NAME", "ANNEXA_OIDC_GROUPS_CLAIM", "ANNEXA_OIDC_SCOPES", "ANNEXA_SAML_NAME",
    "ANNEXA_SAML_GROUPS_ATTRIBUTE",
}  # fmt: skip
"""What is sent to another server, which says itself what is wrong with it; names that may be anything; and scopes,
which only matter where there is a provider."""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """A file, and a folder, to name where the other is wanted."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    return {"file": str(tmp_path / "file"), "folder": str(tmp_path / "folder")}


_ALONE = (
    "ANNEXA_OIDC_CLIENT", "ANNEXA_ACTIVITY_STORE_KEY", "ANNEXA_ACTIVITY_STORE_SECRET", "ANNEXA_ENGINE_STORE_URL",
)  # fmt: skip


def rounds() -> list[dict[str, tuple[str, str]]]:
    """The wrong values with their sentences, in as few starts as there are values of one setting.

    Client and secret of a provider, or of a bucket, are wrong where there is none, so they come after its values.
    """
    found: list[dict[str, tuple[str, str]]] = []
    for name, value, sentence in WRONG:
        first = 2 if name.startswith(_ALONE) else 0
        number = next((n for n, one in enumerate(found) if n >= first and name not in one), max(first, len(found)))
        found += [{} for _ in range(number + 1 - len(found))]
        found[number][name] = (value, sentence)
    return found


def test_every_wrong_value_is_tried() -> None:
    tried = [(name, value) for one in rounds() for name, (value, _) in one.items()]
    assert sorted(tried) == sorted((name, value) for name, value, _ in WRONG)


@pytest.mark.parametrize("wrong", rounds(), ids=lambda one: f"{len(one)} at once")
def test_each_wrong_value_has_its_sentence(tmp_path: Path, places, wrong: dict[str, tuple[str, str]]) -> None:
    more = {name: value.format(**places) for name, (value, _) in wrong.items()}
    said = alone("serve", **{"home": tmp_path / "home", **more})
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Annexa cannot start:\n")
    for name, (_, sentence) in wrong.items():
        assert any(sentence.format(**places) in line for line in said.err.splitlines()), name
    assert "Traceback" not in said.err
    assert not (tmp_path / "home").exists()


def test_who_mails_says_from_whom_and_where_links_lead(tmp_path: Path) -> None:
    said = alone("doctor", home=tmp_path, ANNEXA_SMTP_URL="smtps://ada:geheim@mail.example.org")
    assert said.code == 2
    for name in ("ANNEXA_MAIL_FROM", "ANNEXA_PUBLIC_URL"):
        assert f"ANNEXA_SMTP_URL is set, but {name} is not." in said.err
    assert "geheim" not in said.err + said.out


def test_no_setting_is_left_out() -> None:
    assert {name for name, _, _ in WRONG} >= {setting.name for setting in SETTINGS} - ANYTHING


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, places) -> None:
    """Rule: nobody mends one, starts, and is told of the next; also where the home itself is wrong."""
    last = {name: (value.format(**places), said.format(**places)) for name, value, said in WRONG}
    for name in (
        "ANNEXA_OIDC_CLIENT_ID", "ANNEXA_OIDC_CLIENT_SECRET", "ANNEXA_ACTIVITY_STORE_KEY",
        "ANNEXA_ACTIVITY_STORE_SECRET", "ANNEXA_ENGINE_STORE_URL",
    ):  # fmt: skip
        del last[name]  # wrong only where there is no issuer, or no bucket
    said = alone("doctor", **{"home": tmp_path, **{name: value for name, (value, _) in last.items()}})
    assert said.code == 2
    assert [sentence for name, (_, sentence) in last.items() if sentence not in said.err] == []
