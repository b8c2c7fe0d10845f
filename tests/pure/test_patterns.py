"""Expressions of RE2 as Java has to read them; that both find the same is tried on Spark by `make spark`."""

import re

import pytest

from annexa.library.monitors import monitors
from annexa.pure.patterns import for_java


@pytest.mark.parametrize(
    ("pattern", "java"),
    [
        ("^(length|max_tokens)$", r"(?iu)^(length|max_tokens)\z"),
        ("a.b", r"(?iu)a[^\n]b"),
        (r"a\.\$", r"(?iu)a\.\$"),
        (r"x\sy", r"(?iu)x[\t\n\f\r ]y"),
        (r"[^\s.$]", r"(?iu)[^\t\n\f\r .$]"),
        ("[]a]", r"(?iu)[\]a]"),
        ("[^]a]", r"(?iu)[^\]a]"),
        ("[a[&&b]", r"(?iu)[a\[\&\&b]"),
        ("[[:alpha:][:^digit:]_]", r"(?iu)[\p{Alpha}\P{Digit}_]"),
        ("(?P<name>x)", "(?iu)(?<name>x)"),
    ],
)
def test_what_java_reads_otherwise(pattern: str, java: str) -> None:
    assert for_java(pattern) == java


def test_edges_of_words_are_those_of_ascii() -> None:
    """Rule: a letter beyond ASCII is no part of a word in RE2, so a word ends before it."""
    assert re.search(for_java(r"\bscum\b").removeprefix("(?iu)").replace("-iu:", ":"), "scumé")
    assert not re.search(for_java(r"\bscum\b").removeprefix("(?iu)").replace("-iu:", ":"), "scum_")


def test_every_pattern_of_the_library_can_be_rewritten() -> None:
    """Rule: what is rewritten keeps its groups and sets."""
    patterns = [p for one in monitors().values() for c in (*one.only, *one.where) if c.operator == "matches"
                for p in c.values]  # fmt: skip
    assert len(patterns) > 10
    for pattern in patterns:
        assert re.compile(for_java(pattern).removeprefix("(?iu)").replace("(?-iu:", "(?:").replace(r"\z", r"\Z"))
