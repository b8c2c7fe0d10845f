"""What somebody may have meant by a name that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3


def near(asked: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names nearest to one that there is not, the nearest first; those that contain it follow.

    Only names with the same first letter, or around it, are looked at: a register may have thousands.
    """
    begun = asked[:1].lower()
    around = [one for one in known if begun and (one[:1].lower() == begun or asked.lower() in one.lower())]
    within = sorted(one for one in around if asked.lower() in one.lower())
    return tuple(dict.fromkeys((*get_close_matches(asked, around, n=MOST), *within)))[:MOST]


def meant(asked: str, known: Iterable[str]) -> str:
    """The same as the end of a message, with the space before it; "" if nothing is near."""
    found = near(asked, known)
    return f" Near to it: {', '.join(found)}." if found else ""
