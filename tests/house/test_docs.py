"""The documents say what the code does: settings, commands, verdicts, formats, links, and the checks they print."""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from annexa.answers.pack import make_pack
from annexa.cli.main import parser
from annexa.library.load import load
from annexa.library.reader import shipped
from annexa.pure.checks import CHECKS
from annexa.pure.mapping_files import parse_mapping
from annexa.pure.permits import VERBS
from annexa.pure.posture import CONTROL_ORDER, REQUIREMENT_ORDER, Verdict
from annexa.pure.systems import CLASSES, FIELDS, ROLES
from annexa.settings import SETTINGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
LONGEST_DECISION = 40
LONGEST_CONTRIBUTING = 80

# Each in two halves, so that this file does not hold what it looks for.
UNWANTED = (
    r"(?<![\w.])/wo" + r"rk/",
    r"/tm" + r"p/annexa",
    r"(?<![\w.])/ro" + r"ot/",
    r"(?<![\w.])/ho" + r"me/\w",
    r"\.\./sha" + r"red\b",
    r"\bpypi\." + r"org\b",
    r"\bfiles\.python" + r"hosted\b",
    r"\bregistry\." + r"npmjs\b",
    r"(?<!emit-)\bindex-" + r"url\b",
    r"\bsub-?" + r"agents?\b",
    r"(?<!\|)\bclau" + r"de\b(?!\|)",
    r"\bllm[- ]" + r"session",
    r"\bas an ai " + r"language model\b",
)
"""Machine paths, hosts of package indexes, and words about how the files came to be: none of a reader's business.

A name between bars is one of a list of names that another test looks for.
"""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(text: str, mark: str) -> dict[str, str]:
    """The text under each heading of one level whose title is a piece of code: `## `title``."""
    parts = re.split(rf"^{mark} `([^`]+)`$", text, flags=re.MULTILINE)
    bodies = [re.split(r"^#{1,3} ", body, flags=re.MULTILINE)[0] for body in parts[2::2]]
    return dict(zip(parts[1::2], bodies, strict=True))


def plain(text: str) -> str:
    """The words of a text on one line."""
    return " ".join(text.split())


def blocks(text: str) -> list[str]:
    """The indented blocks of a document, without their indentation; a blank line does not end one."""
    found = re.findall(r"^(?: {4}.*\n(?:\n(?= {4}))?)+", text, flags=re.MULTILINE)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]


def commands(found: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Every command that can be run, without those that only group others."""
    below = [action for action in found._actions if isinstance(action, argparse._SubParsersAction)]
    if not below or found.get_default("run"):
        yield found
    for action in below:
        for one in action.choices.values():
            yield from commands(one)


COMMANDS = {one.prog: one for one in commands(parser())}


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    """Rule: docs/settings.md holds exactly the settings there are."""
    found = sections(text_of("docs/settings.md"), "##")
    assert list(found) == [setting.name for setting in SETTINGS]
    for setting in SETTINGS:
        default = f"Default: `{setting.default}`" if setting.default else "Default: none"
        assert plain(setting.means) in plain(found[setting.name]), setting.name
        assert default in found[setting.name], setting.name


def test_every_command_has_a_section_and_no_section_is_left_over() -> None:
    """Rule: docs/cli.md holds exactly the commands there are."""
    assert sorted(sections(text_of("docs/cli.md"), "###")) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_flag_is_in_the_section_of_its_command(command: str) -> None:
    """Rule: nobody has to look into the code for a flag, nor finds one that is not there."""
    section = sections(text_of("docs/cli.md"), "###")[command]
    flags = {flag for action in COMMANDS[command]._actions for flag in action.option_strings} - {"-h", "--help"}
    named = set(re.findall(r"`(--?[a-z][a-z-]*)`", section))
    if command != "annexa frameworks":
        assert flags - named - {"--format"} == set()
    assert named - flags == set()
    if "--format" in flags and command != "annexa frameworks":
        assert "--format" in section


def documented_commands() -> list[str]:
    """Every line in an indented block of the documents that runs annexa."""
    lines = [
        line
        for file in DOCUMENTS
        for block in blocks(file.read_text(encoding="utf-8"))
        for line in [*block.splitlines()]
    ]
    runs = [
        match[1]
        for line in lines
        if (match := re.match(r"(?:\w+=\S+ )*(?:\.venv/bin/)?annexa ((?!\.).*)$", line.strip()))
    ]
    return sorted({re.split(r" > |  #", run)[0] for run in runs})


@cache
def commands() -> argparse.ArgumentParser:
    """The parser of the command line, which takes a while to be made."""
    return parser()


@pytest.mark.parametrize("line", documented_commands())
def test_every_command_in_the_documents_parses(line: str) -> None:
    """Rule: what is written down to be typed is understood."""
    import shlex

    assert commands().parse_args(shlex.split(line)).command


def test_every_verdict_is_in_the_glossary() -> None:
    """Rule: the glossary says when each verdict holds."""
    rows = set(re.findall(r"^\| `([a-z ]+)` \|", text_of("docs/glossary.md"), flags=re.MULTILINE))
    assert rows == {str(verdict) for verdict in Verdict}


@pytest.mark.parametrize("name", ["docs/glossary.md", "docs/decisions/0004-order-of-verdicts.md"])
@pytest.mark.parametrize("order", [CONTROL_ORDER, REQUIREMENT_ORDER])
def test_the_order_of_verdicts_is_as_documented(name: str, order: tuple[Verdict, ...]) -> None:
    """Rule: best to worst is said in the same order in which it is computed."""
    said = re.findall(r"best to worst:? ((?:`[a-z ]+`(?:, )?)+)", plain(text_of(name)))
    assert ", ".join(f"`{verdict}`" for verdict in order) in said


def test_the_glossary_has_ten_words() -> None:
    """Rule: ten words of our own, no more."""
    first = text_of("docs/glossary.md").split("\n## ")[1]
    assert len(re.findall(r"^\d+\. \*\*", first, flags=re.MULTILINE)) == 10


def test_the_further_words_are_in_order() -> None:
    """Rule: each word once, where one looks for it."""
    rows = text_of("docs/glossary.md").partition("| word | meaning |\n|---|---|\n")[2].splitlines()
    words = [row.split("|")[1].strip().casefold() for row in rows if row.startswith("|")]
    assert len(words) > 70
    assert words == sorted(set(words))


def test_the_words_of_the_activity_log_are_in_the_glossary() -> None:
    """Rule: what somebody reads on a page of activity, monitors, oversight or retention, they find explained."""
    words = re.findall(r"^\| ([^|]+) \|", text_of("docs/glossary.md"), flags=re.MULTILINE)
    asked = {
        "event", "segment", "leaf", "inclusion proof", "journal", "source", "quarantine", "choice", "redaction",
        "pseudonym", "conversation", "sealed", "record proof", "sample", "retention", "legal hold", "erasure",
        "monitor", "baseline", "run", "breach", "drift", "PSI", "CBPE", "case", "oversight queue", "overseer",
        "stop switch",
    }  # fmt: skip
    assert asked - set(words) == set()
    assert "**checkpoint**" in text_of("docs/glossary.md")


def test_the_user_guide_names_every_field_role_and_class() -> None:
    """Rule: whoever prepares a file to import finds what it may hold."""
    guide = text_of("docs/user-guide.md")
    missing = [word for word in (*(field.label for field in FIELDS), *ROLES, *CLASSES) if word not in guide]
    assert missing == []


def test_the_mapping_file_in_the_user_guide_is_accepted() -> None:
    """Rule: an example can be copied."""
    mapping = next(block for block in blocks(text_of("docs/user-guide.md")) if block.startswith("[columns]"))
    assert parse_mapping(mapping).day_first is True


def test_who_may_do_what_is_as_the_user_guide_says() -> None:
    """Rule: a change of the permits is a change of the guide."""
    able = {role: {verb for verb, roles in VERBS.items() if role in roles} for role in ("lead", "owner", "auditor")}
    everybody = {
        "read", "read_people", "choose_theme", "change_own_password", "make_pack", "visit", "create_token",
        "revoke_token", "add_second_factor", "end_second_factor", "end_own_session", "ask_use", "acknowledge",
        "keep_view", "choose_mail", "take_course",
    }  # fmt: skip
    oversight = {"plan_oversight", "post_case", "decide_case", "delegate_cases", "pull_stop", "release_stop"}
    everybody |= {"see_case", "read_stop_switch"}
    assert able["lead"] - everybody == {
        "import_systems", "change_system", "adopt_control", "exclude_control", "add_evidence", "attest", "judge",
        "close_judgement", "choose_frameworks", "change_library", "answer_classification", "review_classification",
        "name_owner", "make_task", "change_task", "share", "change_units", "change_committees", "appoint",
        "import_access", "open_access_review", "decide_access", "carry_out_access", "close_access_review",
        "change_register", "import_register", "assess", "review_assessment", "send_questionnaire",
        "judge_questionnaire", "change_tools", "change_uses", "decide_use", "find_uses",
        "decide_applicability", "ask_statement_approval", "decide_statement",
        "write_document", "review_document", "approve_document",
        "publish_document", "ask_to_read",
        "propose_acceptance", "accept_risk", "choose_risk_scale", "share_view", "approve_exception", "see_training",
        "change_activity_source", "choose_activity", "log_activity", "choose_monitors", "run_monitors", "answer_breach",
        "read_activity_content", "sample_activity", "hold_activity", "release_hold", "erase_activity",
        *oversight,
    }  # fmt: skip
    assert able["owner"] - everybody == {
        "change_system", "adopt_control", "add_evidence", "attest", "answer_classification", "name_owner", "make_task",
        "change_task", "decide_access", "carry_out_access", "change_register", "assess", "send_questionnaire",
        "judge_questionnaire", "decide_use", "choose_monitors", "run_monitors", "answer_breach",
        "write_document", "review_document", "approve_document",
        "publish_document", "ask_to_read",
        "propose_acceptance", "accept_risk", "log_activity", "read_activity_content", "sample_activity", *oversight,
    }  # fmt: skip
    assert able["auditor"] - everybody == {"judge", "close_judgement", "read_activity_content", "sample_activity"}


def test_the_examples_in_the_library_guide_are_accepted() -> None:
    """Rule: a framework, a control and a coverage can be made from the examples."""
    found = {}
    for block in blocks(text_of("docs/library.md")):
        table = tomllib.loads(block) if " = " in block else {}
        if "publisher" in table:
            found["frameworks/example-2026.toml"] = block.encode()
        elif "expectations" in table:
            found["controls/SUP-01.toml"] = block.encode()
        elif "framework" in table:
            found["coverage/example-2026.toml"] = block.encode()
    controls = {name: data for name, data in shipped().items() if name.startswith("controls/")}
    assert len(found) == 3
    assert "example-2026" in load(controls | found).frameworks


def test_every_check_is_in_the_library_guide() -> None:
    """Rule: the guide names every check a control may ask for."""
    guide = text_of("docs/library.md")
    assert [check for check in CHECKS if f"`{check}`" not in guide] == []


def anchors(file: Path) -> set[str]:
    """The anchors of a document's headings, as hosts of repositories make them."""
    titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(file: Path) -> None:
    """Rule: no link to what does not exist, heading included."""
    for link in LINK.findall(file.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_decisions_are_numbered_without_holes_and_listed() -> None:
    """Rule: a decision has a number, a place in the list, and stays on one page."""
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    listed = text_of("docs/decisions/README.md")
    for file in DECISIONS:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= LONGEST_DECISION, file.name
        assert lines[0].startswith(f"# {file.name[:4]} "), file.name
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
        assert f"]({file.name})" in listed, file.name


def test_contributing_stays_short() -> None:
    """Rule: one can read it before the first change."""
    assert len(text_of("CONTRIBUTING.md").splitlines()) <= LONGEST_CONTRIBUTING


def test_the_changelog_speaks_of_this_version() -> None:
    """Rule: what is being made is in the changelog."""
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert "## [Unreleased]" in text_of("CHANGELOG.md")
    assert version in text_of("CHANGELOG.md")


def own_files() -> list[Path]:
    """Every file that is, or would be, in the repository."""
    try:
        found = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a repository")
    names = sorted(name for name in found.stdout.decode().split("\0") if name)
    return [path for path in (ROOT / name for name in names) if path.is_file()]


def test_no_file_speaks_of_how_it_was_made() -> None:
    """Rule: no path of somebody's machine, no package host, no word on tools: only the product."""
    wanted = re.compile("|".join(UNWANTED), re.IGNORECASE)
    found = []
    for path in own_files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            lines = enumerate(data.decode("utf-8", "replace").splitlines(), start=1)
            found += [
                f"{path.relative_to(ROOT)}:{n}: {match[0]}" for n, line in lines if (match := wanted.search(line))
            ]
    assert found == []


def scripts() -> list[str]:
    """The Python in the auditor guide: the check of the ledger, then the parts of the signature."""
    return re.findall(r"^```python\n(.*?)^```$", text_of("docs/auditor-guide.md"), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def pack(actor, now, tmp_path: Path) -> Path:
    """A pack, unzipped as an auditor does."""
    with ZipFile(BytesIO(make_pack(actor=actor, frameworks=["nis2"], now=now))) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_a_pack_verifies_where_the_settings_are_wrong(actor, now, tmp_path: Path) -> None:
    """Rule: `annexa verify` reads no settings, so an auditor needs none."""
    (tmp_path / "audit.zip").write_bytes(make_pack(actor=actor, frameworks=["nis2"], now=now))
    nothing = {"PATH": os.environ["PATH"], "ANNEXA_DATABASE_URL": "nowhere"}
    command = [sys.executable, "-m", "annexa.cli.main", "verify", "audit.zip"]
    done = subprocess.run(command, cwd=tmp_path, env=nothing, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("This pack holds.\n")


def run(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Runs a script of the guide in a folder, with nothing of ours to import."""
    return subprocess.run([sys.executable, "-I", "-c", script, "."], cwd=folder, capture_output=True, text=True)


def test_the_check_in_the_auditor_guide_accepts_a_true_pack(pack: Path) -> None:
    """Rule: what auditors are told to type works."""
    done = run(scripts()[0], pack)
    assert (done.returncode, done.stderr) == (0, "")
    assert "entries lead to the root of annexa.local/" in done.stdout


@pytest.mark.parametrize("name", ["headers.ndjson", "entries.ndjson"])
def test_the_check_in_the_auditor_guide_refuses_a_changed_ledger(pack: Path, name: str) -> None:
    """Rule: it is a check, not a ceremony."""
    file = pack / "ledger" / name
    file.write_text(file.read_text(encoding="utf-8").replace("organisation", "organisatiom", 1), encoding="utf-8")
    assert run(scripts()[0], pack).returncode == 1


def test_the_signature_in_the_auditor_guide_is_over_the_checkpoint(pack: Path) -> None:
    """Rule: key, text and signature, taken apart as the guide does, fit each other."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    done = run(scripts()[1], pack)
    assert (done.returncode, done.stderr) == (0, "")
    key = load_der_public_key((pack / "key.der").read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    key.verify((pack / "signature").read_bytes(), (pack / "text").read_bytes())
