"""The auditor guide lists every attempt of this suite and what gives it away, in the same words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "auditor-guide.md"
PARTS = {
    "test_through_the_product.py": "Through the product",
    "test_in_the_database.py": "In the database",
    "test_in_the_files.py": "In the files",
    "test_less_is_never_more.py": "In any organisation",
}


def attempts(module: str) -> Iterator[tuple[str, str]]:
    """What each test of a module attempts, and what gives it away, from its docstring."""
    for node in ast.parse((HERE / module).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            attempt, given, away = " ".join((ast.get_docstring(node) or "").split()).partition(" Given away by ")
            if given:
                yield attempt, away


def listed(title: str) -> list[tuple[str, str]]:
    """The rows of the table under a heading of the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    (part,) = re.findall(rf"^### {title}$(.*?)(?=^#|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", part, flags=re.MULTILINE)
    return rows[1:]


@pytest.mark.parametrize("module", PARTS)
def test_the_guide_lists_what_is_tried(module: str) -> None:
    """An attempt that is added, dropped or ends otherwise is so in the guide too."""
    found = list(attempts(module))
    assert found
    assert listed(PARTS[module]) == found


def test_every_module_of_attempts_is_in_the_guide() -> None:
    tried = {path.name for path in HERE.glob("test_*.py") if any(attempts(path.name))}
    assert tried == set(PARTS)
