"""docs/security.md says the same as the code: limits, lives, words, ways in, connections, loggers."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django import forms

from annexa.actions import second_factors, sign_in, webhooks
from annexa.cli.serve import THREADS
from annexa.pure import access_lists, tokens, what_if
from annexa.pure.passwords import CONTEXT, LEAST_LEFT
from annexa.settings import DATA_UPLOAD_MAX_MEMORY_SIZE, SETTINGS
from tests.house.test_house import MODULES, SOURCE, parsed
from tests.house.test_running import CALLING

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
DEFAULTS = {one.name: one.default for one in SETTINGS}


def part(name: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def test_every_part_is_there() -> None:
    for name in ("Ways in", "Sessions", "Passwords", "Limits", "Uploads", "What belongs together", "Who may what",
                 "Connections", "Keys and algorithms", "Data", "Log"):  # fmt: skip
        assert len(part(name)) > 200, name
    classes = re.findall(r"^\| (\w[\w ]*) \|", part("Data"), flags=re.MULTILINE)
    assert classes == ["class", "secret", "about people", "confidential", "public"]


def test_the_limits_are_those_of_the_code() -> None:
    wait = f"in {sign_in.WINDOW.total_seconds() / 60:.0f} minutes |"
    said = part("Limits")
    for row in (
        f"| failures for one account from one place | {sign_in.MOST_HERE} {wait}",
        f"| failures for one account from strange places together | {sign_in.MOST_FROM_STRANGERS} {wait}",
        f"| failures of the second step from strange places | {sign_in.MOST_CODES_FROM_STRANGERS} {wait}",
        f"| failures from one address | {sign_in.MOST_FROM_ADDRESS} {wait}",
        f"| requests to the API for each token or person | {DEFAULTS['ANNEXA_REQUESTS_A_MINUTE']} a minute,",
        f"| a file | {DEFAULTS['ANNEXA_UPLOAD_LIMIT_MB']} MiB",
        f"| a body without a file | {DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MiB |",
        f"| lines of an access list | {access_lists.MOST_LINES:,} |",
        f"| suppositions of a what-if | {what_if.MOST} |",
        f"| passkeys of a person | {second_factors.MOST_PASSKEYS} |",
        f"| requests at once | {THREADS} for each server process,",
        f"| an answer of a provider, of a webhook's receiver | {webhooks.TIMEOUT:.0f} seconds |",
    ):
        assert row in said, row
    assert f"at most {tokens.LONGEST.days} days" in part("Ways in")


def test_the_lives_of_sessions_are_those_of_the_code() -> None:
    said = part("Sessions")
    assert f"{DEFAULTS['ANNEXA_SESSION_HOURS']} hours from signing in (`ANNEXA_SESSION_HOURS`)" in said
    assert f"{DEFAULTS['ANNEXA_SESSION_IDLE_MINUTES']} minutes without a request" in said
    assert timedelta(minutes=10) == sign_in.PROOF_HOLDS
    assert "older than 10 minutes" in said


def test_the_words_near_at_hand_are_those_of_the_code() -> None:
    said = " ".join(part("Passwords").split())
    assert ", ".join(CONTEXT) in said
    assert f"fewer than {LEAST_LEFT} characters besides" in said


def test_every_way_in_is_named() -> None:
    """Rule: sessions begin in one place, called only from the modules of the ways that are named."""
    calling = {
        str(path.relative_to(SOURCE))
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"let_in", "login", "auth.login"}
    }
    assert calling == {"web/entering.py", "web/account.py", "web/single_sign_on.py", "web/start.py"}
    ways = re.findall(r"^\| ([^|]+) \|", part("Ways in"), flags=re.MULTILINE)[1:]
    assert [one for one in ways if not set(one) <= {"-", " "}] == [
        "password", "password, then code app, passkey or recovery code", "passkey alone", "OpenID Connect, SAML",
        "link printed at the start", "link into a demo", "API token", "commands on the machine",
    ]  # fmt: skip


def test_every_module_that_calls_is_named() -> None:
    """Rule: four modules call another server; each has its row."""
    rows = {
        "actions/webhooks.py": "receivers of webhooks", "web/single_sign_on.py": "OpenID Connect provider",
        "answers/mail_server.py": "server for mail", "client.py": "command with `--server`",
    }  # fmt: skip
    assert set(rows) == set(CALLING)
    for words in rows.values():
        assert words in part("Connections"), words


def test_every_logger_is_in_the_inventory() -> None:
    """Rule: what is logged under a name of its own is in the table, or is one of the “others”: warnings and errors."""
    infos = set()
    for path in MODULES:
        tree = parsed(path)
        names = {
            node.targets[0].id: ast.literal_eval(node.value.args[0])
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "logging.getLogger"
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value.args[0], ast.Constant)
        }
        infos |= {names[call.func.value.id] for call in ast.walk(tree)
                  if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "info"
                  and isinstance(call.func.value, ast.Name) and call.func.value.id in names}  # fmt: skip
    assert infos == {"annexa.security", "annexa.requests", "annexa.web"}
    for name in (*infos, "annexa.sign_in", "django.security"):
        assert f"| `{name}` |" in part("Log"), name


def test_time_frames_for_dependencies_are_stated() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("## Dependencies")[1].split("\n## ")[0]
    assert re.search(r"within \d+ days if it is critical or high, within \d+ otherwise", policy)
    assert re.search(r"at least every \d+ days", policy)


def test_no_password_expires(admin, settings) -> None:
    """Rule: neither a column nor a setting knows how old a password is."""
    from annexa.records.people import Person

    columns = {one.name for one in Person._meta.get_fields()}
    assert [one for one in columns if "password" in one] == ["password"]
    assert not [one.name for one in SETTINGS if "PASSWORD" in one.name]


def every_form() -> list[type[forms.BaseForm]]:
    """Every form of the pages."""
    import annexa.urls  # noqa: F401  brings in all pages

    found, left = [], list(forms.Form.__subclasses__())
    while left:
        one = left.pop()
        found.append(one)
        left += one.__subclasses__()
    return [one for one in found if one.__module__.startswith("annexa.")]


def test_nobody_is_asked_for_a_hint() -> None:
    """Rule: no form has a question whose answer would stand in for a password."""
    names = {name for form in every_form() for name in form.base_fields}
    assert {"password", "email", "code"} <= names
    assert [one for one in names if re.search(r"hint|secret|maiden|pet\b|remember", one)] == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(ANNEXA_[A-Z_]+)`", TEXT))))
def test_every_setting_it_names_exists(name: str) -> None:
    assert name in DEFAULTS
