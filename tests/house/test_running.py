"""How it is run, hardened and threatened: units, container, guide and threat model say the same as the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from annexa.cli.main import parser
from annexa.settings import SETTINGS
from tests.house.test_house import MODULES, SOURCE, parsed

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "hardening.md").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "annexa.service").read_text(encoding="utf-8")
WEB = (ROOT / "deploy" / "annexa-web@.service").read_text(encoding="utf-8")
WORKER = (ROOT / "deploy" / "annexa-worker.service").read_text(encoding="utf-8")
CONTAINER = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", MODEL)))
OUTGOING = {
    "aiohttp", "boto3", "ftplib", "http.client", "httpx", "imaplib", "poplib", "requests", "smtplib", "telnetlib",
    "urllib.request", "urllib3", "xmlrpc", "xmlrpc.client",
}  # fmt: skip
"""Modules by which a program calls another server."""


# --- the threat model


def rows() -> list[list[str]]:
    """The cells of the table."""
    lines = [line for line in MODEL.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


@cache
def kept_in(file: str) -> dict[str, set[str]]:
    """Every test of a file, with the marks it or its file bears."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    marked = {
        mark
        for node in tree.body
        if isinstance(node, ast.Assign) and any(ast.unparse(one) == "pytestmark" for one in node.targets)
        for mark in re.findall(r"pytest\.mark\.(\w+)", ast.unparse(node.value))
    }
    return {
        node.name: marked | set(re.findall(r"pytest\.mark\.(\w+)", " ".join(map(ast.unparse, node.decorator_list))))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_row_is_whole_and_shown_by_a_test() -> None:
    """Rule: no threat is claimed to be met without a test."""
    found = rows()
    assert len(found) > 20
    assert [row for row in found if len(row) != 5 or not all(row)] == []
    assert [row for row in found if not re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", row[4])] == []
    assert {row[1] for row in found} == {"stranger", "member", "file", "thief", "insider", "directory"}


@pytest.mark.parametrize("name", NAMED)
def test_every_test_it_names_exists_and_is_run(name: str) -> None:
    """Rule: not skipped, not expected to fail, and in need of neither a browser nor a server that may be missing."""
    file, _, test = name.partition("::")
    found = kept_in(file)
    assert test in found
    assert found[test] & {"skip", "skipif", "xfail", "browser", "postgres"} == set()


# --- no call to other servers


def calls_out(tree: ast.Module) -> list[str]:
    """Imports of what could call another server."""
    found = []
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        found += [f"{getattr(node, 'lineno', 0)} {name}" for name in names if name in OUTGOING]
    return found


CALLING = {
    "actions/webhooks.py": "receivers an administrator named, never inside our network: tests/actions/test_webhooks.py",
    "web/single_sign_on.py": "the identity provider of the settings, guarded: tests/web/test_single_sign_on.py",
    "answers/mail_server.py": "the server for mail of the settings: tests/actions/test_mails.py",
    "client.py": "the server that whoever runs the command names, with --server",
}
"""Modules that call another server, and whom."""


def test_nothing_calls_other_servers() -> None:
    """Rule: no address that somebody gave is ever fetched but by the modules named here, each behind its guard."""
    for line in ("import urllib.request", "from urllib import request", "import requests", "from http import client"):
        assert calls_out(ast.parse(line)), line
    found = {str(path.relative_to(SOURCE)) for path in MODULES if calls_out(parsed(path))}
    assert found == set(CALLING)


# --- how it is deployed


@pytest.mark.parametrize(
    "text", [UNIT, WEB, WORKER, CONTAINER, GUIDE], ids=["unit", "web", "worker", "container", "guide"]
)
def test_every_setting_that_is_named_exists(text: str) -> None:
    known = {setting.name for setting in SETTINGS}
    named = {name.removesuffix("_FILE") for name in re.findall(r"\bANNEXA_[A-Z_]+\b", text)}
    assert named
    assert named - known == set()


def test_unit_container_and_guide_name_the_same_places() -> None:
    for place in ("/opt/annexa/.venv/bin/annexa", "/var/lib/annexa", "8000"):
        assert place in UNIT, place
        assert place in CONTAINER, place
    for place in ("/opt/annexa/.venv/bin/annexa", "/var/lib/annexa", "/readyz", "10001", "requirements.lock"):
        assert place in CONTAINER, place
    for word in ("/opt/annexa/.venv/bin/annexa", "/var/lib/annexa", "/readyz", "10001", "IPAddressDeny=any"):
        assert word in GUIDE, word


@pytest.mark.parametrize("unit", [UNIT, WEB, WORKER], ids=["alone", "web", "worker"])
def test_the_unit_keeps_what_the_guide_promises(unit: str) -> None:
    """Rule: nothing to write but the home, no capabilities, no devices, no homes, no other servers."""
    lines = set(unit.splitlines())
    assert {
        "ProtectSystem=strict", "StateDirectory=annexa", "StateDirectoryMode=0700", "CapabilityBoundingSet=",
        "PrivateDevices=yes", "ProtectHome=yes", "SystemCallFilter=@system-service", "IPAddressDeny=any",
        "IPAddressAllow=localhost", "NoNewPrivileges=yes", "User=annexa",
    } <= lines  # fmt: skip


def test_units_of_several_processes_share_home_and_database() -> None:
    """Rule: one of them with another home would sign with another key; and the work is done by the worker alone."""
    for line in ("Environment=ANNEXA_HOME=/var/lib/annexa", "Environment=ANNEXA_WORKER=no", "User=annexa",
                 "Environment=ANNEXA_DATABASE_URL_FILE=%d/database-url"):  # fmt: skip
        assert line in WEB.splitlines(), line
        assert line in WORKER.splitlines(), line
    for text, words in ((WEB, ["serve", "--host", "127.0.0.1", "--port", "8001"]), (WORKER, ["worker"])):
        [started] = [one.partition("=")[2].split() for one in text.splitlines() if one.startswith("ExecStart=")]
        assert [one.replace("%i", "8001") for one in started] == ["/opt/annexa/.venv/bin/annexa", *words]
        parser().parse_args(words)


def test_the_container_is_what_the_guide_promises() -> None:
    """Rule: digests for all that is installed, not root, a read-only root, nothing fetched when it runs."""
    assert "--require-hashes -r requirements.lock" in CONTAINER
    assert CONTAINER.count("--no-deps") == 2
    assert "\nUSER 10001:10001\n" in CONTAINER
    assert "--read-only --cap-drop=all" in CONTAINER
    started = CONTAINER.split("ENTRYPOINT")[1]
    assert "pip" not in started
    for copied in re.findall(r"^COPY (?!--from)(.+) \./", CONTAINER, flags=re.MULTILINE):
        assert [name for name in copied.split() if not (ROOT / name).exists()] == []
