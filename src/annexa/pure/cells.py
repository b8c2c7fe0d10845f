"""What one cell says: an answer, a day, a stage or a word of the law, however people write it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from annexa.pure.fields import FIRST_YEAR, LAST_YEAR, Field, known_words, money_text, tidy
from annexa.pure.systems import FIELD
from annexa.pure.words import plain_words, says, says_first, short


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a cell was understood to say, and whether that is all it says."""

    value: Any
    exact: bool = True  # False: the text says more than the value and is kept beside it
    unread: bool = False  # True: nothing was understood; what is already recorded stands
    rough: bool = False  # True: a date known only to the month or year
    note: str = ""  # a key of NOTES
    problem: str = ""


STAGE_WORDS: Mapping[str, tuple[str, ...]] = {
    "concept": ("initiated", "initiation", "pre initiation", "planned", "planning", "idea", "ideation", "proposed",
                "discovery", "research", "design"),
    "development": ("acquisition and or development", "acquisition", "in development", "under development", "build",
                    "building", "training", "testing", "validation", "prototype", "proof of concept",
                    "pre deployment"),
    "deployment": ("implementation and assessment", "implementation", "deploying", "roll out", "rollout", "pilot",
                   "piloting"),
    "operation": ("operation and maintenance", "operations and maintenance", "operations", "operational",
                  "in operation", "in production", "production", "in mission", "in use", "live", "deployed", "active"),
    "retirement": ("retired", "inactive", "decommissioned", "withdrawn", "ended", "end of life",
                   "research or administrative action complete"),
}  # fmt: skip
PLAIN_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "yes": ("yes", "y", "true"),
    "no": ("no", "n", "false"),
    "planned": ("planned",),
    "unknown": ("unknown",),
}
# What people call a risk class or a role besides its own name.
OTHER_WORDS: Mapping[str, str] = {
    "authorized representative": "authorised_representative",
    "limited": "transparency",
    "limited risk": "transparency",
    "minimal risk": "minimal",
    "not in scope": "out-of-scope",
    "outside the scope": "out-of-scope",
    "high": "high-risk",
    "unacceptable": "prohibited",
    "unacceptable risk": "prohibited",
    "general purpose": "gpai",
    "gpai with systemic risk": "gpai-systemic",
}
# How a longer answer begins; what follows is kept as text.
ANSWER_OPENINGS: Mapping[str, tuple[str, ...]] = {
    "yes": ("yes", "true", "complete", "completed", "done", "in place", "conducted", "performed", "automated",
            "intermittent", "established", "continuous", "continuously", "regular", "regularly"),
    "no": ("no", "none", "false", "never", "not yet", "not done", "not conducted", "not performed", "not started",
           "not established"),
    "planned": ("planned", "in progress", "in preparation", "under way", "underway", "scheduled", "forthcoming"),
    "unknown": ("unknown", "not known", "to be determined", "tbd", "tbc", "unclear"),
}  # fmt: skip
NOT_APPLICABLE = re.compile(r"(n\s?[./\\]?\s?a\.?|not applicable|does not apply|not relevant)(?=$|[\s–—:;,.(-])", re.I)
# English, German, French, Spanish, Italian and Dutch, whole and cut.
MONTHS: tuple[tuple[str, ...], ...] = (
    ("january", "jan", "januar", "jänner", "janvier", "janv", "enero", "ene", "gennaio", "gen", "januari"),
    ("february", "feb", "februar", "février", "fevrier", "févr", "fevr", "febrero", "febbraio", "februari"),
    ("march", "mar", "märz", "maerz", "mrz", "mars", "marzo", "maart", "mrt"),
    ("april", "apr", "avril", "avr", "abril", "abr", "aprile"),
    ("may", "mai", "mayo", "maggio", "mag", "mei"),
    ("june", "jun", "juni", "juin", "junio", "giugno", "giu"),
    ("july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug"),
    ("august", "aug", "août", "aout", "agosto", "ago", "augustus"),
    ("september", "sept", "sep", "septembre", "septiembre", "settembre", "set"),
    ("october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "ott"),
    ("november", "nov", "novembre", "noviembre"),
    ("december", "dec", "dezember", "dez", "décembre", "decembre", "déc", "diciembre", "dic", "dicembre"),
)
MONTH_OF: Mapping[str, int] = {word: number for number, words in enumerate(MONTHS, start=1) for word in words}
MONTH_NAME = f"(?P<name>{'|'.join(sorted(MONTH_OF, key=lambda word: (-len(word), word)))})"
CLOCK = r"(?:[T ]+(?:00?|12):00(?::00(?:\.0+)?)?(?: ?AM)?Z?)?"
TAIL = r"(?P<tail>$|T\d.*|[\s(,;:–—].*)"
DATE_SHAPES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape + TAIL, re.I | re.S)
    for shape in (
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})" + CLOCK,
        r"(?P<first>\d{1,2})(?P<mark>[/-])(?P<second>\d{1,2})(?P=mark)(?P<y>\d{4}|(?<=/)\d{2})" + CLOCK,
        r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4}|\d{2})" + CLOCK,
        r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.)?(?: de)?[ -]" + MONTH_NAME + r"\.?,?(?: de)?[ -](?P<y>\d{4})",
        MONTH_NAME + r"\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})",
        MONTH_NAME + r"\.?,?(?: de)?[ -](?P<y>\d{4})",
        r"(?P<m>\d{1,2})[/.](?P<y>\d{4})",
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})",
    )
)
YEAR = re.compile(r"(19|20)\d\d")
DAY_ZERO = date(1899, 12, 30)  # spreadsheets count days from here
SPREADSHEET_DAYS = range(18_264, 73_051)  # FIRST_YEAR to 2099
SPREADSHEET_YEARS = range(1980, LAST_YEAR)  # a bare year shown as a date falls into 1905


def read_cell(about: Field, text: str, *, day_first: bool = False, comma: bool | None = None) -> Reading:
    """Read a cell as a value of the field its column was taken for. `comma`: whether the column has decimal commas."""
    if about.kind in _NUMBERS:
        return _NUMBERS[about.kind](about, text, comma)
    return _READ[about.kind](about, text, day_first)


def read_answer(text: str) -> Reading:
    """Read an answer to a governance question: yes, no, planned, not applicable or unknown."""
    if found := NOT_APPLICABLE.match(text.strip()):
        rest = text.strip()[found.end() :].strip(" .")
        return Reading(value="not applicable", exact=not rest, note="not applicable")
    words = plain_words(text)
    for answer, spellings in PLAIN_ANSWERS.items():
        if words in spellings:
            return Reading(value=answer)
    for answer, openings in ANSWER_OPENINGS.items():
        if any(says_first(words, opening) for opening in openings):
            return Reading(value=answer, exact=False)
    return Reading(value="unknown", exact=False, unread=True, note="unread answer")


def read_stage(text: str) -> Reading:
    """Read where a system stands in its life; an unknown word is a problem."""
    words = plain_words(text)
    if words in STAGE_WORDS:
        return Reading(value=words, exact=text.strip() == words)
    for stage, spellings in STAGE_WORDS.items():
        if words in spellings:
            return Reading(value=stage, exact=False)
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    message = f"is not a stage; known are {known_words(FIELD['stage'])}, others are named under [values.stage]"
    return Reading(value="", unread=True, problem=message)


def read_built(text: str) -> Reading:
    """Read who built a system from the ways people say it; what is not understood stays text."""
    words = plain_words(text)
    if text.strip() in ("in-house", "supplier", "both"):
        return Reading(value=text.strip())
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    inside = any(says(words, word) for word in ("in house", "inhouse", "internal", "internally", "no contract"))
    without_negation = words.replace("no contract external", "").replace("no contract", "")
    outside = ("contract", "contracting", "contractor", "supplier", "vendor", "purchased", "bought", "third party",
               "off the shelf", "cots", "external")  # fmt: skip
    if says(words, "both") or says(words, "combination"):
        return Reading(value="both", exact=False)
    from_outside = any(says(without_negation, word) for word in outside)
    if inside or from_outside:
        value = "both" if inside and from_outside else "in-house" if inside else "supplier"
        return Reading(value=value, exact=False)
    return Reading(value="", exact=False, unread=True, note="unread word")


def read_date(text: str, *, day_first: bool = False) -> Reading:
    """Read a day, a month or a year however it is written; 1/2/2024 is 2 January unless day_first.

    A text that is no date, "n/a" among them, stays text. One that looks like a date and cannot be one is a problem.
    """
    text = text.strip()
    if NOT_APPLICABLE.match(text):
        return Reading(value=None, exact=False, note="not applicable")
    if YEAR.fullmatch(text):
        return _rough(int(text), 1)
    if re.fullmatch(r"\d{5}(\.0+)?", text) and int(text[:5]) in SPREADSHEET_DAYS:
        return Reading(value=DAY_ZERO + timedelta(days=int(text[:5])), exact=False, note="spreadsheet day")
    for shape in DATE_SHAPES:
        if found := shape.fullmatch(text):
            return _dated(found.groupdict(), day_first=day_first)
    return Reading(value=None, exact=False, unread=True, note="unread date")


def _dated(parts: Mapping[str, str | None], *, day_first: bool) -> Reading:
    year = int(parts["y"] or 0)
    year += 2000 if year < 100 else 0
    first, second = parts.get("first"), parts.get("second")
    month, day = (second, first) if day_first else (first, second)
    month, day = parts.get("m") or month, parts.get("d") or day
    if name := parts.get("name"):
        month = str(MONTH_OF[name.lower()])
    try:
        value = date(year, int(month or 0), int(day or 1))
    except ValueError:
        order = "" if first is None else f" read {'day/month' if day_first else 'month/day'}/year"
        return Reading(value=None, unread=True, problem=f"is not a date that exists{order}; write it like 2026-01-31")
    if (mistaken := (value - DAY_ZERO).days) in SPREADSHEET_YEARS:
        return replace(_rough(mistaken, 1), note="year as a day")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Reading(value=None, unread=True, problem=f"is not between {FIRST_YEAR} and {LAST_YEAR}")
    if day is None:
        return _rough(value.year, value.month)
    return Reading(value=value, exact=not (parts["tail"] or "").strip() and len(parts["y"] or "") > 2)


def _rough(year: int, month: int) -> Reading:
    if not 1 <= month <= 12:
        return Reading(value=None, unread=True, problem="is not a month that exists; write it like 2026-01")
    return Reading(value=date(year, month, 1), exact=False, rough=True, note="rough date")


def decide_day_first(cells: Sequence[str]) -> bool | None:
    """Decide how a column writes 1/2/2024: by the days above 12 in it. None = it never shows."""
    pairs = [found.groupdict() for cell in cells if (found := DATE_SHAPES[1].fullmatch(cell.strip()))]
    numbers = [(int(pair["first"]), int(pair["second"])) for pair in pairs]
    day_first = sum(second <= 12 < first for first, second in numbers)
    month_first = sum(first <= 12 < second for first, second in numbers)
    return None if not day_first and not month_first else day_first > month_first


def has_two_readings(text: str) -> bool:
    """Tell whether a date could be day/month as well as month/day, and would be another day."""
    found = DATE_SHAPES[1].fullmatch(text.strip())
    return (
        found is not None and found["first"] != found["second"] and max(int(found["first"]), int(found["second"])) < 13
    )


# Numbers, as people and their spreadsheets write them

CURRENCIES: Mapping[str, str] = {"€": "EUR", "£": "GBP", "¥": "JPY", "CHF": "CHF", "Fr.": "CHF"}
"""Signs that mean one currency. A dollar sign does not."""
NUMBER = re.compile(r"[-−]?\d[\d.,'’\s]*")


def decide_comma(cells: Sequence[str]) -> bool | None:
    """Decide whether a column of numbers has decimal commas, by those that can be read only one way. None = unseen."""
    commas = points = 0
    for cell in cells:
        digits = re.sub(r"[^\d.,]", "", cell)
        last = max(digits.rfind(","), digits.rfind("."))
        if last < 0:
            continue
        mark, both = digits[last], "," in digits and "." in digits
        decisive = both or (digits.count(mark) == 1 and len(digits) - last - 1 != 3)
        if not decisive and digits.count(mark) > 1:  # a mark that comes twice divides thousands
            decisive, mark = True, "." if mark == "," else ","
        commas += decisive and mark == ","
        points += decisive and mark == "."
    return None if commas == points else commas > points


def read_number(text: str, *, comma: bool | None = None) -> Decimal | None:
    """A number however it is written: 1,234.5 and 1.234,5 and 1 234,5 and 1'234.5 and 1.5E-7. None: it is no number."""
    said = text.strip().replace("−", "-")
    power = re.search(r"(?<=\d)[eE][+-]?\d{1,3}$", said)  # as spreadsheets write what is very small
    said = said[: power.start()] if power else said
    if not NUMBER.fullmatch(said):
        return None
    digits = re.sub(r"['’\s]", "", said)
    marks = [mark for mark in ",." if mark in digits]
    decimal = "," if comma else "."
    if len(marks) == 2:
        decimal = max(marks, key=digits.rfind)
    elif marks and digits.count(marks[0]) > 1:
        decimal = "." if marks[0] == "," else ","
    elif marks == [","] and comma is None and len(digits) - digits.rfind(",") - 1 != 3:
        decimal = ","
    plain = digits.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    try:
        return Decimal(plain + (power[0] if power else ""))
    except InvalidOperation:
        return None


def _two_ways(text: str, comma: bool | None) -> bool:
    """Whether a comma could divide thousands or be a decimal mark, and nothing in the column tells."""
    return comma is None and re.fullmatch(r"-?\d{1,3},\d{3}", text.strip()) is not None


def _read_number(about: Field, text: str, comma: bool | None) -> Reading:
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value=None, exact=False, note="not applicable")
    found = read_number(text, comma=comma)
    if found is None:
        return Reading(value=None, unread=True, problem="is not a number; write it like 1234.5")
    if about.kind == "whole":
        if found != found.to_integral_value():
            return Reading(value=None, unread=True, problem="is not a whole number")
        value: int | float = int(found)
    else:
        value = float(found)
    return Reading(value=value, exact=str(value) == text.strip(), note="comma" if _two_ways(text, comma) else "")


def _read_money(_about: Field, text: str, comma: bool | None) -> Reading:
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    said = text.strip()
    found = re.search(r"\b[A-Z]{3}\b", said) or re.search("|".join(map(re.escape, CURRENCIES)), said)
    if found is None:
        message = "names no currency we know; write it like 1250.00 EUR"
        return Reading(value="", unread=True, problem=message)
    amount = read_number((said[: found.start()] + said[found.end() :]).strip(), comma=comma)
    if amount is None:
        return Reading(value="", unread=True, problem="is not an amount with its currency; write it like 1250.00 EUR")
    try:
        value = money_text(amount, CURRENCIES.get(found[0], found[0]))
    except ValueError as wrong:
        return Reading(value="", unread=True, problem=str(wrong))
    return Reading(value=value, exact=value == said)


_NUMBERS: Mapping[str, Callable[[Field, str, bool | None], Reading]] = {
    "whole": _read_number,
    "number": _read_number,
    "money": _read_money,
}


def _read_text(about: Field, text: str, _day_first: bool) -> Reading:
    value = tidy(text, long=about.kind == "long")
    if len(value) <= about.longest:
        return Reading(value=value, exact=value == text.strip().replace("\r\n", "\n"))
    if about.name in ("name", "unit", "supplier"):
        return Reading(value=value[: about.longest - 1].rstrip() + "…", exact=False, note="cut")
    message = f"has {len(value):,} characters; {about.longest:,} are allowed"
    return Reading(value=value, unread=True, problem=message)


def _read_choice(about: Field, text: str, _day_first: bool) -> Reading:
    if about is FIELD["stage"]:
        return read_stage(text)
    if about is FIELD["built"]:
        return read_built(text)
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    words = plain_words(text)
    known = sorted((word for word in about.choices if word), key=lambda word: -len(word))
    word = next((word for word in known if says_first(words, plain_words(word))), None)
    if word is None:
        return Reading(value="", unread=True, problem=f"is not known here; known are {known_words(about)}")
    return Reading(value=word, exact=word == text.strip())


def _read_choices(about: Field, text: str, _day_first: bool) -> Reading:
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value=(), exact=False, note="not applicable")
    by_words = {**OTHER_WORDS, **{plain_words(word): word for word in about.choices}}
    said = [plain_words(part) for part in re.split(r"[;,|\n]", text) if part.strip()]
    unknown = [part for part in said if by_words.get(part) not in about.choices]
    if unknown:
        message = f'has "{short(unknown[0], 40)}", which is not known here; known are {known_words(about)}'
        return Reading(value=(), unread=True, problem=message)
    value = tuple(dict.fromkeys(by_words[part] for part in said))
    return Reading(value=value, exact="; ".join(value) == text.strip())


def _read_link(_about: Field, text: str, _day_first: bool) -> Reading:
    return Reading(value=tidy(text))


def _read_links(_about: Field, text: str, _day_first: bool) -> Reading:
    parts = (tidy(part) for part in re.split(r"[;|\n]", text))
    return Reading(value=tuple(dict.fromkeys(part for part in parts if part)))


def _read_answer(_about: Field, text: str, _day_first: bool) -> Reading:
    return read_answer(text)


def _read_date(_about: Field, text: str, day_first: bool) -> Reading:
    return read_date(text, day_first=day_first)


_READ: Mapping[str, Callable[[Field, str, bool], Reading]] = {
    "text": _read_text,
    "long": _read_text,
    "choice": _read_choice,
    "choices": _read_choices,
    "answer": _read_answer,
    "date": _read_date,
    "link": _read_link,
    "links": _read_links,
}
