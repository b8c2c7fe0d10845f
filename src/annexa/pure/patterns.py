"""Expressions of RE2, as DuckDB and Arrow read them, written so that Java finds the same: Spark matches with it.

Java's letters without case are ASCII unless it is told otherwise, its edges of words are those of every alphabet, its
end of text may have a line behind it, and its sets of characters can hold further sets.
"""

from typing import Final

_WORD: Final = "[0-9A-Za-z_]"
_EDGE: Final = f"(?-iu:(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD})))"
_NO_EDGE: Final = f"(?-iu:(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD})))"
_OUTSIDE: Final = {"\\b": _EDGE, "\\B": _NO_EDGE, "\\s": r"[\t\n\f\r ]", "\\S": r"[^\t\n\f\r ]"}
_INSIDE: Final = {"\\s": r"\t\n\f\r ", "\\S": r"[^\t\n\f\r ]"}
_PLAIN: Final = {".": r"[^\n]", "$": r"\z"}


def for_java(pattern: str) -> str:
    """The pattern, to be found without case; the expressions in it are of RE2 without flags of their own."""
    found, place = ["(?iu)"], 0
    while place < len(pattern):
        one = pattern[place]
        if one == "\\":
            said = pattern[place : place + 2]
            found.append(_OUTSIDE.get(said, said))
            place += 2
        elif one == "[":
            place, said = _set(pattern, place)
            found.append(said)
        elif pattern.startswith("(?P<", place):
            found.append("(?<")
            place += 4
        else:
            found.append(_PLAIN.get(one, one))
            place += 1
    return "".join(found)


def _set(pattern: str, start: int) -> tuple[int, str]:
    """The set of characters that begins there: where it ends, and how Java writes it."""
    place = start + 1
    found = ["["]
    if pattern.startswith("^", place):
        found.append("^")
        place += 1
    first = True
    while place < len(pattern) and (first or pattern[place] != "]"):
        one, first = pattern[place], False
        if one == "\\":
            said = pattern[place : place + 2]
            found.append(_INSIDE.get(said, said))
            place += 2
        elif pattern.startswith("[:", place) and ":]" in pattern[place:]:
            end = pattern.index(":]", place)
            found.append(_named(pattern[place + 2 : end]))
            place = end + 2
        else:
            # A bracket or two ampersands would begin a set within the set.
            found.append(f"\\{one}" if one in "[]&" else one)
            place += 1
    found.append("]")
    return place + 1, "".join(found)


def _named(name: str) -> str:
    """A class of POSIX by its name, such as alpha or ^digit."""
    java = {"xdigit": "XDigit", "word": "w"}.get(name.lstrip("^"), name.lstrip("^").capitalize())
    if java == "w":
        return r"\W" if name.startswith("^") else r"\w"
    return f"\\{'P' if name.startswith('^') else 'p'}{{{java}}}"
