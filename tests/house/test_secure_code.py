"""What is nowhere in the code: ways in which text becomes program, weak cryptography, chance that can be guessed."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.house.test_house import MODULES, SOURCE, parsed

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((SOURCE / "web" / "static" / "js").glob("*.js"))
TEMPLATES = sorted((SOURCE / "web" / "templates").rglob("*.html"))


@cache
def trees() -> dict[str, ast.AST]:
    """Every module as Python reads it."""
    return {str(path.relative_to(SOURCE)): parsed(path) for path in MODULES if "migrations" not in path.parts}


def called(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Every call, by the name it is called by."""
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def imported(tree: ast.AST) -> set[str]:
    """Every module that is imported, and what from it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


RUNS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.execve", "pickle.loads",
    "pickle.load", "marshal.loads", "shelve.open", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "Template",
    "template.Template", "engines.from_string", "Engine.from_string",
}  # fmt: skip
"""Calls that make a program, a template or objects of their own out of text."""


def runs_text(tree: ast.AST) -> list[str]:
    """Calls and imports that would run what somebody wrote, or another program."""
    found = [name for name, _ in called(tree) if name in RUNS]
    return found + sorted(imported(tree) & {"subprocess", "pickle", "marshal", "shelve", "code", "ctypes", "cffi"})


ALLOCATOR = "cli/serve.py"
"""Asks the C library to hold less memory, with two numbers of ours."""
OWN_PROGRAM = ("actions/beside.py",)
"""What starts another process of Annexa itself, with words that stand in the program."""
BESIDE = ("actions/monitor_process.py", "actions/retention_process.py", "actions/sealer_process.py")
"""Where those words stand."""


def test_no_text_becomes_a_program() -> None:
    """Rule: nothing is evaluated, no other program run, no object made from bytes, no memory handled by hand."""
    for line in ("eval(x)", "yaml.load(x)", "import subprocess", "Template(x)", "from ctypes import cdll"):
        assert runs_text(ast.parse(line)), line
    found = {name: found for name, tree in trees().items() if (found := runs_text(tree))}
    assert found == {name: ["subprocess"] for name in OWN_PROGRAM} | {ALLOCATOR: ["ctypes"]}
    asked = [ast.unparse(one) for by, one in called(trees()[ALLOCATOR]) if "ctypes" in ast.unparse(one)]
    assert set(asked) == {"ctypes.CDLL(None)", "ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)"}
    for name in OWN_PROGRAM:
        assert ast.unparse(trees()[name]).count("[sys.executable, '-m', 'annexa.cli.main'") == 1, name
    started = {name: [one.args for by, one in called(tree) if by == "Beside"] for name, tree in trees().items()}
    assert {name: len(found) for name, found in started.items() if found} == dict.fromkeys(BESIDE, 1)
    words = [word for name in BESIDE for word in started[name][0]]
    assert all(isinstance(word, ast.Constant) or ast.unparse(word) == "str(os.getpid())" for word in words)


def raw_sql(tree: ast.AST) -> list[str]:
    """Calls that hand the database text of their own: all but plain texts, which have their values beside them."""
    found = []
    for name, call in called(tree):
        last = name.rpartition(".")[2]
        if last in {"raw", "extra", "RawSQL"}:
            found.append(f"{last} {call.lineno}")
        if last in {"execute", "executemany", "executescript"} and not isinstance(call.args[0], ast.Constant):
            found.append(f"{last} {call.lineno}")
    return found


PUT_TOGETHER = {
    "answers/integrity.py", "answers/surroundings.py", "actions/filling.py", "records/guard.py", "activity/query.py",
    "activity/watching.py",
}  # fmt: skip
"""Where a statement is a constant under a name, or made by Django from its own tables, or of columns that are looked
up; nothing typed is in it: tests/activity/test_query.py tries."""


def test_no_statement_is_put_together_from_what_somebody_typed() -> None:
    for line in ("cursor.execute(f'SELECT {x}')", "Model.objects.raw('x')", "rows.extra(where=[x])"):
        assert raw_sql(ast.parse(line)), line
    assert {name for name, tree in trees().items() if raw_sql(tree)} <= PUT_TOGETHER


WEAK = {
    "hashlib.md5", "hashlib.new", "modes.ECB", "modes.CBC", "modes.CFB", "modes.OFB", "modes.CTR", "algorithms.ARC4",
    "algorithms.TripleDES", "algorithms.Blowfish", "padding.PKCS1v15", "Fernet",
}  # fmt: skip


def weak(tree: ast.AST) -> list[str]:
    """Names of algorithms that are not used, and chance that can be foretold."""
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)}
    return sorted(names & WEAK) + sorted(imported(tree) & {"random", "cryptography.fernet", "Crypto"})


def test_no_weak_algorithm_and_no_chance_that_can_be_foretold() -> None:
    """Rule: SHA-256 and above, AES-256-GCM, Ed25519, scrypt; SHA-1 in the codes of apps alone, which know no other."""
    for line in ("hashlib.md5(x)", "import random", "modes.ECB()", "from cryptography.fernet import Fernet"):
        assert weak(ast.parse(line)), line
    assert {name: found for name, tree in trees().items() if (found := weak(tree))} == {}
    sha1 = {name for name, tree in trees().items() if "sha1" in ast.unparse(tree)}
    assert sha1 == {"pure/second_factors.py"}


def test_every_module_with_cryptography_is_in_the_inventory() -> None:
    """Rule: docs/security.md names every module that makes keys, signs, encrypts, or derives secrets."""
    marks = ("cryptography.", "django.core.signing", "django.utils.crypto.salted_hmac", "hmac", "fido2", "jwt", "ssl")
    found = {
        name
        for name, tree in trees().items()
        if any(one == mark.rstrip(".") or one.startswith(mark) for one in imported(tree) for mark in marks)
    }
    named = set(re.findall(r"`([a-z]+/\w+\.py)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8")))
    assert found - named == set()
    assert {one for one in named if not (SOURCE / one).exists()} == set()


def test_secrets_are_compared_without_telling_how_far_they_fit() -> None:
    """Rule: a digest, signature or token that was sent is compared in constant time."""
    compared = "pure/second_factors vault/sealing web/start web/single_sign_on web/account api/metrics"
    for name in (f"{one}.py" for one in compared.split()):
        text = ast.unparse(trees()[name])
        assert "compare_digest" in text or "constant_time_compare" in text, name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_program_of_text(path: Path) -> None:
    """Rule: text goes into pages as text; nothing is taken from other windows; no field's name comes from outside."""
    text = path.read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc",
                 "postMessage", '"message"', "__proto__", ".prototype", "WebSocket", "EventSource",
                 "RTCPeerConnection", "javascript:"):  # fmt: skip
        assert word not in text, word


def test_browsers_keep_nothing_but_a_switch_and_a_checkpoint() -> None:
    """Rule: what stays in a browser is about nobody: whether keys are on, and which signed root was seen last."""
    stores = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie")
    kept = {path.name for path in SCRIPTS if stores.search(path.read_text())}
    assert kept == {"keys.js", "verify.js"}
    keys, verify = ((SOURCE / "web" / "static" / "js" / name).read_text() for name in ("keys.js", "verify.js"))
    assert set(re.findall(r"setItem\((.+?), ", keys)) == {"KEPT"}
    assert set(re.findall(r"setItem\((.+?), ", verify)) == {"KEPT + origin"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE / "web" / "templates")))
def test_no_template_lets_text_be_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape\s+off|safeseq|<script(?![^>]*\bsrc=)", text)
    assert "http://" not in re.sub(r'xmlns(:\w+)?="http://[^"]+"', "", text)
    for field in re.findall(r'<input[^>]*name="[^"]*password[^"]*"[^>]*>', text):
        assert 'type="password"' in field


def test_passwords_are_masked_and_may_be_pasted() -> None:
    """Rule: type=password, the word for password managers, and no script that looks at pasting."""
    from annexa.web.account import PasswordForm, SignInForm
    from annexa.web.again import AgainForm
    from annexa.web.start import SetUpForm

    found = [
        (SignInForm, "password", "current"),
        (PasswordForm, "password", "new"),
        (PasswordForm, "current", "current"),
        (SetUpForm, "password", "new"),
        (AgainForm, "typed", "current"),
    ]
    for form, name, word in found:
        field = form().fields[name]
        assert field.widget.input_type == "password"
        assert field.widget.attrs["autocomplete"] == f"{word}-password"
        assert (field.strip, field.max_length >= 64) == (False, True)
    listening = re.compile(r'addEventListener\("(paste|copy|cut)"|onpaste')
    assert not [path.name for path in (*SCRIPTS, *TEMPLATES) if listening.search(path.read_text())]


def test_objects_of_the_api_take_no_field_but_their_own() -> None:
    """Rule: a JSON body with a field nobody asked for is refused whole, and so is one of another type."""
    from annexa.api.shapes import Given
    from annexa.api.spec import document, operations

    said = document()
    bodies = [
        content["schema"]
        for _, _, one in operations(said)
        for kind, content in one.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    ]
    names = {one["$ref"].rpartition("/")[2] for one in bodies if "$ref" in one}
    assert len(names) > 15
    assert [one for one in names if said["components"]["schemas"][one].get("additionalProperties") is not False] == []
    assert Given.model_config.get("strict") is True
