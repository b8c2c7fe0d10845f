"""The audit of dependencies: fails on what is known, and never takes a missing network for a good answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "tools" / "audit"
GOOD = {"name": "django", "version": "5.2.8", "vulns": []}
BAD = {
    "name": "openpyxl", "version": "3.1.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3.1.9"]}],
}  # fmt: skip
SKIPPED = {"name": "numpy", "skip_reason": "not found"}


def audited(folder: Path, *flags: str, prints: str = "", says: str = "", code: int = 0) -> tuple[int, str]:
    """Runs it with a tool that says this, instead of one that asks."""
    (folder / "bin").mkdir()
    tool = folder / "bin" / "pip-audit"
    tool.write_text(
        f"#!{sys.executable}\nimport sys\nprint({prints!r})\nprint({says!r}, file=sys.stderr)\nsys.exit({code})"
    )
    tool.chmod(0o755)
    done = subprocess.run([sys.executable, AUDIT, *flags, folder], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("flags", [(), ("--where-possible",)])
def test_it_works(tmp_path, flags) -> None:
    code, said = audited(tmp_path, *flags, prints=json.dumps({"dependencies": [GOOD]}))
    assert (code, "No vulnerability is known" in said) == (0, True)


@pytest.mark.parametrize("flags", [(), ("--where-possible",)])
@pytest.mark.parametrize("rest", [[], [SKIPPED]])
def test_a_known_vulnerability_fails_everywhere(tmp_path, flags, rest) -> None:
    code, said = audited(tmp_path, *flags, prints=json.dumps({"dependencies": [GOOD, BAD, *rest]}), code=1)
    assert code == 1
    assert "openpyxl 3.1.0: PYSEC-1, CVE-1; mended in 3.1.9" in said


@pytest.mark.parametrize(
    ("prints", "code", "why"),
    [
        ("", 1, "no route to it"), ("", 2, "no route to it"), ("half an ans", 1, ""),
        (json.dumps({"dependencies": [GOOD, SKIPPED]}), 0, "about 1 of 2 packages; numpy: not found"),
        (json.dumps({"dependencies": []}), 0, "none was looked at"),
    ],
)  # fmt: skip
def test_who_could_not_ask_says_so(tmp_path, prints, code, why) -> None:
    """Rule: without a network the build goes on, and nobody can think that something was shown."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found, said = audited(tmp_path / "a", "--where-possible", prints=prints, says="no route to it", code=code)
    assert (found, "COULD NOT ASK" in said, why in said) == (0, True, True)
    assert audited(tmp_path / "b", prints=prints, says="no route to it", code=code)[0] == 3
