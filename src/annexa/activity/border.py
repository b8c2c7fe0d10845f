"""The border: what may be kept of an event's content, decided before anything of it reaches a disk.

It works on whole columns: what a pattern may be in is found by Arrow (RE2, linear in the length whatever is written),
and only those rows are looked at one by one by the rules of `pure.redaction`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from annexa.activity import ActivityError
from annexa.activity.columns import longest_in
from annexa.pure.activity_sources import Choice, Pattern, Users
from annexa.pure.events import FEATURE_PREFIX, TEXTS, Kept
from annexa.pure.redaction import LONGEST_TEXT, PREFILTER, cut, keyed_digest, pseudonym, redacted

Columns = dict[str, Any]
_PATTERNED: Final = (*TEXTS, "attributes", "name", "error")
_LENGTHS: Final[Mapping[str, str]] = {"input": "input_length", "output": "output_length"}
_LONGEST_NAMES: Final = 512
"""Characters of every other text: names, ids, models."""


class PatternError(ActivityError):
    """A pattern of a system's own is none."""


def require_pattern(pattern: str) -> None:
    """Raises PatternError for what RE2 does not take as a pattern, and for one that matches nothing at all."""
    try:
        found = pc.match_substring_regex(pa.array([""]), pattern)[0].as_py()
    except pa.ArrowInvalid as error:
        raise PatternError(f"{pattern!r} is no pattern: {error}.") from None
    if found:
        raise PatternError(f"{pattern!r} also matches where nothing stands; it would change every text.")


def through_the_border(columns: Columns, choice: Choice, key: bytes) -> Columns:
    """The columns as they may be kept. `key`: makes digests and pseudonyms; it never leaves the server."""
    kept = dict(columns)
    for name, length in _LENGTHS.items():
        if name in kept:
            kept[length] = pc.cast(pc.utf8_length(kept[name]), pa.int64())
    for name, column in kept.items():
        if pa.types.is_string(column.type) and not name.startswith(FEATURE_PREFIX):
            kept[name] = _cut(column, _longest(name))
    if choice.users is Users.PSEUDONYM:
        for name in ("user", "on_behalf_of"):
            if name in kept:
                kept[name] = each_value(kept[name], lambda user: _pseudonym(key, user))
    if choice.kept is Kept.DIGEST:
        kept.pop("attributes", None)
        for name in TEXTS:
            if name in kept:
                kept[name] = each_value(kept[name], lambda text: keyed_digest(key, text))
    if choice.kept is not Kept.FULL:
        for name in _PATTERNED:
            if name in kept:
                kept[name] = _redacted(kept[name], choice.patterns)
    return kept


_pseudonym = lru_cache(32_768)(pseudonym)


def each_value(column: Any, change: Callable[[str], str]) -> Any:
    """The column with each different value changed once."""
    coded = column.dictionary_encode()
    changed = pa.array([change(value) for value in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _longest(name: str) -> int:
    return LONGEST_TEXT if name in TEXTS or name == "attributes" else _LONGEST_NAMES


def _cut(column: Any, longest: int) -> Any:
    if longest_in(column) <= longest:
        return column
    return _where(column, lambda c: pc.greater(pc.utf8_length(c), longest), lambda text: cut(text, longest))


def _redacted(column: Any, patterns: Sequence[Pattern]) -> Any:
    column = _where(column, lambda texts: pc.match_substring_regex(texts, PREFILTER), redacted)
    for one in patterns:
        column = pc.replace_substring_regex(column, one.pattern, f"[{one.name}]")
    return column


def _where(column: Any, asked: Callable[[Any], Any], change: Callable[[str], str]) -> Any:
    """The column with those values changed of which that is true; the same column where there is none."""
    mask = pc.fill_null(asked(column), False)
    if not pc.any(mask).as_py():
        return column
    changed = [change(text) for text in column.filter(mask).to_pylist()]
    return pc.replace_with_mask(column, mask, pa.array(changed, pa.string()))
