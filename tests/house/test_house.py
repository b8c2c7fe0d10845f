"""Rules of the house that no type checker knows, read from the source itself.

Each rule is a function from source to what breaks it, tried first on a line that does; then it is held against every
file of the product.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import annexa

SOURCE = Path(annexa.__file__).parent
TEMPLATES = SOURCE / "web" / "templates"
CSS = SOURCE / "web" / "static" / "css"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
VAGUE = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "core",
    "service",
    "services",
    "manager",
    "managers",
    "base",
    "misc",
}
WRITES = {
    "create",
    "get_or_create",
    "update_or_create",
    "update",
    "delete",
    "insert",
    "remove",
    "acreate",
    "aupdate",
    "adelete",
}
QUERIES = {"objects", "visible_to", "filter", "exclude", "all"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    """A module as Python reads it; many rules look through all of them."""
    return ast.parse(path.read_text(encoding="utf-8"))


def holds(rule: Callable[[ast.Module], list[str]], files: list[Path]) -> None:
    """Fails with file and line of everything in the files that breaks the rule."""
    broken = [f"{path.relative_to(SOURCE)}:{found}" for path in files for found in rule(parsed(path))]
    assert broken == [], "\n".join(broken)


def room(*names: str) -> list[Path]:
    """The modules of some rooms."""
    return [path for path in MODULES if path.relative_to(SOURCE).parts[0] in names]


def functions(tree: ast.Module) -> list[Function]:
    """The functions of a module that are not part of a class or another function."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_there_is_something_to_look_at() -> None:
    assert all(room(name) for name in ("actions", "answers", "api", "cli", "pure", "records", "vault", "web"))
    assert list(TEMPLATES.rglob("*.html"))
    assert list(CSS.glob("*.css"))


# --- actions


def time_by_position(tree: ast.Module) -> list[str]:
    """Public functions that take `now` without its name: two instants in a row are easily swapped."""
    return [
        f"{function.lineno} {function.name} takes now by position"
        for function in functions(tree)
        if not function.name.startswith("_")
        and any(argument.arg == "now" for argument in (*function.args.posonlyargs, *function.args.args))
    ]


def writes_without_ledger(tree: ast.Module) -> list[str]:
    """Public functions that open the door, themselves or through another of the module, and do not say what remains."""
    calls = {function.name: _called(function) for function in functions(tree)}
    opening = {"door"}
    while more := {name for name, called in calls.items() if called & opening} - opening:
        opening |= more
    return [
        f"{function.lineno} {function.name} does not say which kind it leaves in the ledger"
        for function in functions(tree)
        if function.name in opening and not function.name.startswith("_")
        if "Ledger:" not in (ast.get_docstring(function) or "")
    ]


def _called(function: Function) -> set[str]:
    return {n.func.id for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def test_actions_are_told_the_time_by_name() -> None:
    assert time_by_position(ast.parse("def act(now): ..."))
    assert not time_by_position(ast.parse("def act(*, now): ..."))
    holds(time_by_position, room("actions"))


def test_actions_say_what_they_leave_in_the_ledger() -> None:
    direct = "def act():\n    {}\n    with door(): ..."
    assert writes_without_ledger(ast.parse(direct.format('"""Acts."""')))
    assert not writes_without_ledger(ast.parse(direct.format('"""Acts. Ledger: act."""')))
    assert writes_without_ledger(ast.parse("def act():\n    _write()\ndef _write():\n    with door(): ..."))
    holds(writes_without_ledger, [path for path in room("actions") if path.name != "door.py"])


# --- records


def writes(tree: ast.Module) -> list[str]:
    """Rows written directly. A dict's `update`, a cache's `delete` and a workbook's `save` to a file are not."""
    return [
        f"{node.lineno} writes rows with .{node.func.attr}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _writes(node, node.func)
    ]


def _writes(call: ast.Call, called: ast.Attribute) -> bool:
    if called.attr.startswith(("bulk_", "abulk_")) or (called.attr in {"save", "asave"} and not call.args):
        return True
    if called.attr in WRITES and QUERIES & {n.attr for n in ast.walk(called.value) if isinstance(n, ast.Attribute)}:
        return True
    return called.attr == "delete" and not call.args and not call.keywords


def opens_the_guard(tree: ast.Module) -> list[str]:
    """Uses of `guard.opened`, under whatever name it was brought in."""
    return [
        f"{node.lineno} opens the guard of the records"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "opened" and _named(node.value, "guard"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "annexa.records.guard"
            and any(name.name == "opened" for name in node.names)
        )
    ]


def _named(node: ast.expr, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


@pytest.mark.parametrize(
    "line",
    [
        "Person.objects.create(name='x')",
        "Person.objects.filter(id=1).update(name='x')",
        "Person.objects.visible_to(actor).delete()",
        "Person.objects.get_or_create(name='x')",
        "Person.objects.bulk_create(rows)",
        "Person.objects.insert(rows)",
        "Person.objects.filter(id=1).remove()",
        "person.evidence_set.all().update(name='x')",
        "person.save()",
        "person.delete()",
    ],
)
def test_the_rule_sees_writes(line: str) -> None:
    assert writes(ast.parse(line))


@pytest.mark.parametrize(
    "line",
    [
        "found.update(more)",
        "seen.update({1})",
        "cache.delete(key)",
        "workbook.save(buffer)",
        "hashlib.new('x').update(b'')",
    ],
)
def test_the_rule_lets_dicts_and_caches_be(line: str) -> None:
    assert not writes(ast.parse(line))


def test_pages_and_commands_write_no_rows() -> None:
    holds(writes, room("web", "api", "cli"))


def queries(tree: ast.Module) -> list[str]:
    """Tables asked directly, which only answers and actions do."""
    return [
        f"{node.lineno} asks a table: .{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_meta", "get_queryset"}
    ]


def test_the_api_asks_no_table() -> None:
    """Rule: what programs get is what pages get, because both ask the same answers."""
    assert queries(ast.parse("Person.objects.all()"))
    holds(queries, room("api"))


def test_answers_write_no_rows() -> None:
    holds(writes, room("answers"))


def test_only_the_door_and_the_sequencer_open_the_guard() -> None:
    assert opens_the_guard(ast.parse("with guard.opened(): ..."))
    assert opens_the_guard(ast.parse("with records.guard.opened(): ..."))
    assert opens_the_guard(ast.parse("from annexa.records.guard import opened"))
    allowed = {SOURCE / "actions" / "door.py", SOURCE / "actions" / "sequencer.py", SOURCE / "records" / "guard.py"}
    assert all(opens_the_guard(parsed(path)) for path in allowed if path.name != "guard.py")
    holds(opens_the_guard, [path for path in MODULES if path not in allowed])


# --- time


def naive_time(tree: ast.Module) -> list[str]:
    """Clocks that do not say their zone."""
    return [
        f"{node.lineno} reads a clock without a zone: {node.func.attr}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in {"utcnow", "utcfromtimestamp"}
        or (node.func.attr in {"today", "now"} and not (node.args or node.keywords) and _clock(node.func.value))
    ]


def _clock(node: ast.expr) -> bool:
    return _named(node, "datetime") or _named(node, "date")


def test_no_clock_without_a_zone() -> None:
    for line in ("datetime.now()", "datetime.datetime.now()", "datetime.utcnow()", "date.today()", "datetime.today()"):
        assert naive_time(ast.parse(line)), line
    assert not naive_time(ast.parse("datetime.now(UTC); timezone.now()"))
    holds(naive_time, MODULES)


# --- words


def unexplained(tree: ast.Module) -> list[str]:
    """Public modules, classes, functions and methods without a docstring."""
    missing = [] if ast.get_docstring(tree) else ["1 the module has no docstring"]
    return missing + [
        f"{node.lineno} {node.name} has no docstring" for node in _public(tree) if not ast.get_docstring(node)
    ]


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in parent.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_") or node.name == "Meta":
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node)


def test_everything_public_says_what_it_is_for() -> None:
    assert unexplained(ast.parse('"""M."""\nclass C:\n    """C."""\n    def f(self): ...'))
    assert not unexplained(ast.parse('"""M."""\nclass C:\n    """C."""\n    class Meta: ...\n    def _f(self): ...'))
    holds(unexplained, MODULES)


def test_no_file_has_a_name_that_says_nothing() -> None:
    exempt = {TEMPLATES / "base.html", CSS / "base.css"}
    files = [
        path for path in SOURCE.rglob("*") if path.is_file() and path not in exempt and "__pycache__" not in path.parts
    ]
    assert [str(path.relative_to(SOURCE)) for path in files if path.name.split(".")[0] in VAGUE] == []
    assert [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*/") if path.name in VAGUE] == []


# --- pages


def included(text: str) -> set[str]:
    """The templates that a template includes."""
    return set(re.findall(r"""\{%\s*include\s+["']([^"']+)["']""", text))


def inline(text: str) -> list[str]:
    """Style and script written into the page, which the content security policy refuses."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|<!--.*?-->", "", text, flags=re.DOTALL)
    return [
        match[0]
        for match in re.finditer(
            r"\sstyle\s*=|<style\b|<script\b(?![^>]*\ssrc=)|\son[a-z]+\s*=|javascript:", text, re.IGNORECASE
        )
    ]


def test_every_template_is_a_page_or_a_part() -> None:
    """A page extends base.html or bare.html. A part begins with `_`, is a component, or is included by a template."""
    texts = {
        str(path.relative_to(TEMPLATES)): path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.rglob("*.html"))
    }
    parts = {"base.html", "bare.html"}.union(*(included(text) for text in texts.values()))
    assert [
        name
        for name, text in texts.items()
        if not re.match(r"""(\{#.*?#\}\s*)*\{%\s*extends\s+["'](base|bare)\.html["']""", text)
        if not (Path(name).name.startswith("_") or name.startswith("components/") or name in parts)
    ] == []


def test_every_included_template_is_there() -> None:
    named = set().union(*(included(path.read_text(encoding="utf-8")) for path in TEMPLATES.rglob("*.html")))
    assert [name for name in sorted(named) if not (TEMPLATES / name).exists()] == []


def test_no_style_or_script_inside_a_page() -> None:
    for line in ('<p style="color:red">', "<script>1</script>", '<a onclick="x()">', "<style>p{}</style>"):
        assert inline(line), line
    assert not inline('<script src="{% asset "keys.js" %}" defer></script><p data-style="x">{% url "one" on=day %}</p>')
    assert [
        f"{path.relative_to(TEMPLATES)}: {found}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for found in inline(path.read_text(encoding="utf-8"))
    ] == []


# --- colours

COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\("
    r"|(?<![-\w])(?:white|black|red|green|blue|gr[ae]y|yellow|orange|purple|pink|brown|silver|navy|teal|gold)(?![-\w])",
    re.IGNORECASE,
)


def raw_colours(css: str) -> list[str]:
    """Colours that are written down instead of taken from a token, in the values of declarations."""
    css = re.sub(r"/\*.*?\*/|url\([^)]*\)|\"[^\"]*\"", "", css, flags=re.DOTALL)
    return [found[0] for value in re.findall(r":([^:;{}]+)(?=[;}])", css) for found in COLOUR.finditer(value)]


def test_colours_come_from_tokens() -> None:
    for value in ("#fff", "rgb(0 0 0)", "oklch(50% 0 0)", "1px solid black", "light-dark(white, black)"):
        assert raw_colours(f".a {{ border: {value}; }}"), value
    assert not raw_colours(
        ".a { color: var(--ink); white-space: pre; fill: color-mix(in oklab, var(--bad) 5%, transparent) }"
    )
    assert [
        f"{path.name}: {found}"
        for path in sorted(CSS.glob("*.css"))
        if path.name not in {"tokens.css", "print.css"}
        for found in raw_colours(path.read_text(encoding="utf-8"))
    ] == []
