"""The loader reads a right library and refuses a wrong one whole, naming every mistake with file and id."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.load import load
from annexa.library.reader import LibraryError, lock_of, version_of

FRAMEWORK = b"""\
id = "small"
version = "1"
title = "Small standard"
publisher = "Nobody"
licence_note = "Ours"
source_url = "https://example.org"
language = "en"
level = "organisation"
edition = "2026"
status = "current"

[attributes.colour]
title = "Colour"
values = ["red", "green"]

[attributes.remark]
title = "Remark"

[[requirement]]
id = "1"
kind = "clause"
title = "Context"
summary = "A group."

[[requirement]]
id = "1.1"
parent = "1"
kind = "clause"
title = "Suppliers"
summary = "A duty of the whole house."
applies_from = 2026-08-02
attributes = { colour = ["red", "green"], remark = "any" }

[[requirement]]
id = "1.2"
parent = "1"
kind = "clause"
title = "Systems"
summary = "A duty for some systems."
level = "system"
binds_roles = ["deployer"]
binds_classes = ["high-risk"]
documented_information = "if applicable"

[[requirement]]
id = "1.3"
parent = "1"
kind = "clause"
title = "Words"
summary = "Definitions."
no_duty = "It only defines."
"""

SUPPLIERS = b"""\
id = "SUP-01"
name = "Suppliers"
objective = "No surprises."
practice = "Look before you buy."
level = "organisation"
owner_role = "buyer"
cadence = "yearly"
effort = 2

[[expectations]]
id = "register"
what = "A register of suppliers"
kind = "artifact"
max_age = "P365D"
who = "buyer"

[[tests]]
kind = "design"
how = "Read it."
"""

SYSTEMS = b"""\
id = "SYS-01"
name = "Systems"
objective = "Somebody answers."
practice = "Name an owner."
level = "system"
owner_role = "lead"
cadence = "monthly"
effort = 0.5
binds_roles = ["deployer"]

[[expectations]]
id = "owner"
what = "An owner is named"
kind = "record"
check = "owner_named"

[[expectations]]
id = "alarm"
what = "The alarm is quiet"
kind = "signal"
max_age = "PT48H"

[[tests]]
kind = "operating"
how = "Ask the owner."
"""

COVERAGE = b"""\
framework = "small"

[[requirement]]
id = "1"
sufficient = [["SUP-01"]]
because = "Whoever looks first knows the context."

[[requirement]]
id = "1.2"
sufficient = [["SYS-01"], ["SUP-01"]]
contributes = ["SUP-01"]
because = "An owner who answers is what it asks for."
"""

FILES = {
    "frameworks/small.toml": FRAMEWORK,
    "controls/SUP-01.toml": SUPPLIERS,
    "controls/SYS-01.toml": SYSTEMS,
    "coverage/small.toml": COVERAGE,
}


def changed(*changes: tuple[str, str, str], files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    """The small library with the first occurrence of a text replaced in some of its files."""
    found = dict(files)
    for file, old, new in changes:
        assert old.encode() in found[file], f"{old!r} is not in {file}"
        found[file] = found[file].replace(old.encode(), new.encode(), 1)
    return found


def problems_of(files: dict[str, bytes]) -> tuple[str, ...]:
    """What the loader says about files it must refuse."""
    with pytest.raises(LibraryError) as refused:
        load(files)
    return refused.value.problems


def test_it_works() -> None:
    library = load(FILES)
    small = library.frameworks["small"]
    assert [r.id for r in small.requirements] == ["1", "1.1", "1.2", "1.3"]
    assert [r.id for r in small.leaves] == ["1.1", "1.2", "1.3"]
    assert [r.level for r in small.requirements] == ["organisation", "organisation", "system", "organisation"]
    assert small.by_id["1.1"].applies_from == date(2026, 8, 2)
    assert small.by_id["1.1"].attributes == {"colour": ("red", "green"), "remark": "any"}
    assert small.by_id["1.2"].binds_roles == ("deployer",)
    assert small.by_id["1.3"].no_duty == "It only defines."
    assert [e.max_age for e in library.controls["SYS-01"].expectations] == [None, timedelta(hours=48)]
    assert library.controls["SUP-01"].expectations[0].max_age == timedelta(days=365)
    assert library.coverage["small"]["1.2"].sufficient == (("SYS-01",), ("SUP-01",))
    assert library.version == version_of(FILES)


F, SUP, SYS, COV = FILES
REFUSED: tuple[tuple[str, tuple[tuple[str, str, str], ...], tuple[str, ...]], ...] = (
    (
        "unknown key of a framework",
        ((F, 'edition = "2026"', 'edition = "2026"\nyear = 2026'),),
        (f"{F}: file: year is not a known key",),
    ),
    (
        "unknown key of a requirement",
        ((F, 'summary = "A group."', 'summary = "A group."\nsumary = "typo"'),),
        (f"{F}: file requirement 1: sumary is not a known key",),
    ),
    ("unknown key of a control", ((SUP, "effort = 2", "effort = 2\ncost = 3"),), (f"{SUP}: SUP-01: cost is not",)),
    (
        "unknown key of an expectation",
        ((SUP, 'who = "buyer"', 'who = "buyer"\nby = "me"'),),
        (f"{SUP}: SUP-01 expectations register: by is not a known key",),
    ),
    (
        "unknown key of a test",
        ((SUP, 'how = "Read it."', 'how = "Read it."\nwhen = "now"'),),
        (f"{SUP}: SUP-01 tests number 1: when is not a known key",),
    ),
    (
        "unknown key of coverage",
        ((COV, 'contributes = ["SUP-01"]', 'contributes = ["SUP-01"]\nhelps = []'),),
        (f"{COV}: file requirement 1.2: helps is not a known key",),
    ),
    (
        "missing parent",
        ((F, 'id = "1.2"\nparent = "1"', 'id = "1.2"\nparent = "7"'),),
        (f"{F}: file requirement 1.2: parent '7' does not stand before it",),
    ),
    (
        "parent after its child",
        ((F, 'id = "1.1"\nparent = "1"', 'id = "1.1"\nparent = "1.3"'),),
        (f"{F}: file requirement 1.1: parent '1.3' does not stand before it",),
    ),
    (
        "its own parent",
        ((F, 'id = "1.1"\nparent = "1"', 'id = "1.1"\nparent = "1.1"'),),
        (f"{F}: file requirement 1.1: parent '1.1' does not stand before it",),
    ),
    (
        "duplicate requirement",
        ((F, 'id = "1.3"', 'id = "1.1"'),),
        (f"{F}: file requirement 1.1: the id occurs twice",),
    ),
    (
        "duplicate expectation",
        ((SYS, 'id = "alarm"', 'id = "owner"'),),
        (f"{SYS}: SYS-01: expectation 'owner' occurs twice",),
    ),
    (
        "duplicate coverage",
        ((COV, 'id = "1.2"', 'id = "1"'),),
        (f"{COV}: file requirement 1: the requirement occurs twice",),
    ),
    (
        "control in a sufficient set that does not exist",
        ((COV, '[["SYS-01"], ["SUP-01"]]', '[["SYS-01"], ["SUP-09"]]'),),
        (f"{COV}: 1.2: control 'SUP-09' does not exist",),
    ),
    (
        "contributing control that does not exist",
        ((COV, 'contributes = ["SUP-01"]', 'contributes = ["SUP-09"]'),),
        (f"{COV}: 1.2: control 'SUP-09' does not exist",),
    ),
    (
        "covered requirement that does not exist",
        ((COV, 'id = "1.2"', 'id = "1.9"'),),
        (f"{COV}: 1.9: the framework has no such requirement",),
    ),
    ("wrong level", ((SUP, '"organisation"', '"galaxy"'),), (f"{SUP}: SUP-01: level is 'galaxy'; it is one of",)),
    ("wrong status", ((F, '"current"', '"fresh"'),), (f"{F}: file: status is 'fresh'; it is one of current",)),
    (
        "wrong role",
        ((F, '["deployer"]', '["emperor"]'),),
        (f"{F}: file requirement 1.2: binds_roles names 'emperor'; known are provider",),
    ),
    (
        "wrong class",
        ((F, '["high-risk"]', '["high risk"]'),),
        (f"{F}: file requirement 1.2: binds_classes names 'high risk'; known are",),
    ),
    (
        "wrong word for documented information",
        ((F, '"if applicable"', '"perhaps"'),),
        (f"{F}: file requirement 1.2: documented_information is 'perhaps'",),
    ),
    (
        "wrong kind of test",
        ((SUP, 'kind = "design"', 'kind = "vibe"'),),
        (f"{SUP}: SUP-01 tests number 1: kind is 'vibe'; it is one of design, operating",),
    ),
    (
        "date as text",
        ((F, "applies_from = 2026-08-02", 'applies_from = "2026-08-02"'),),
        (f"{F}: file requirement 1.1: applies_from is '2026-08-02', which is not a date",),
    ),
    (
        "instant instead of a date",
        ((F, "applies_from = 2026-08-02", "applies_from = 2026-08-02T00:00:00Z"),),
        (f"{F}: file requirement 1.1: applies_from is",),
    ),
    *(
        (
            f"duration {text}",
            ((SUP, "P365D", text),),
            (f"{SUP}: SUP-01 expectations register: max_age is '{text}'; write whole days",),
        )
        for text in ("P1Y", "P12M", "P1W", "365", "P0D", "P1DT12H", "PT30M", "p365d", "P365D ", "P٣D")
    ),
    (
        "record without check",
        ((SYS, 'check = "owner_named"\n', ""),),
        (f"{SYS}: SYS-01 expectations owner: a check belongs to kind record",),
    ),
    (
        "record with a check nobody wrote",
        ((SYS, "owner_named", "owner_famous"),),
        (f"{SYS}: SYS-01 expectations owner: check 'owner_famous' does not exist; known are",),
    ),
    (
        "record with max_age",
        ((SYS, 'check = "owner_named"', 'check = "owner_named"\nmax_age = "P1D"'),),
        (f"{SYS}: SYS-01 expectations owner: max_age belongs to every kind but record",),
    ),
    (
        "signal with a check",
        ((SYS, 'kind = "signal"', 'kind = "signal"\ncheck = "owner_named"'),),
        (f"{SYS}: SYS-01 expectations alarm: a check belongs to kind record",),
    ),
    (
        "signal without max_age",
        ((SYS, 'max_age = "PT48H"\n', ""),),
        (f"{SYS}: SYS-01 expectations alarm: max_age belongs to every kind but record",),
    ),
    (
        "attribute not declared",
        ((F, 'remark = "any"', 'taste = "sour"'),),
        (f"{F}: file requirement 1.1: attribute taste is not declared by the framework",),
    ),
    (
        "attribute value not allowed",
        ((F, 'colour = ["red", "green"]', 'colour = ["red", "blue"]'),),
        (f"{F}: file requirement 1.1: attribute colour is 'blue'; it is one of red, green",),
    ),
    (
        "attribute declared without title",
        ((F, 'title = "Remark"', ""),),
        (f"{F}: attributes.remark: title is missing",),
    ),
    (
        "file not named as its control",
        ((SYS, 'id = "SYS-01"', 'id = "SYS-02"'), (COV, '"SYS-01"', '"SYS-02"')),
        (f"{SYS}: SYS-02: id is 'SYS-02', but the file is named SYS-01",),
    ),
    (
        "file not named as its framework",
        ((F, 'id = "small"', 'id = "tiny"'),),
        (f"{F}: file: id is 'tiny', but the file is named small", f"{COV}: file: framework 'small' does not exist"),
    ),
    (
        "coverage of another framework than its name says",
        ((COV, 'framework = "small"', 'framework = "tiny"'),),
        (
            f"{COV}: file: framework is 'tiny', but the file is named small",
            "coverage/tiny.toml: file: framework 'tiny' does not exist",
        ),
    ),
    (
        "coverage without a control",
        ((COV, 'sufficient = [["SYS-01"], ["SUP-01"]]\ncontributes = ["SUP-01"]\n', ""),),
        (f"{COV}: file requirement 1.2: it names no control",),
    ),
    (
        "an empty sufficient set, which anybody would meet",
        ((COV, '[["SYS-01"], ["SUP-01"]]', '[["SYS-01"], []]'),),
        (f"{COV}: file requirement 1.2: sufficient is a list of lists of control ids, none of them empty",),
    ),
    (
        "coverage without a reason",
        ((COV, 'because = "An owner who answers is what it asks for."', 'because = " "'),),
        (f"{COV}: file requirement 1.2: because is empty",),
    ),
    (
        "control without expectations",
        ((SUP, SUPPLIERS.decode().split("\n\n")[1], ""),),
        (f"{SUP}: SUP-01: it has no expectations, so it could never be effective",),
    ),
    (
        "control of the organisation bound to a role",
        ((SUP, "effort = 2", 'effort = 2\nbinds_roles = ["provider"]'),),
        (f"{SUP}: SUP-01: binds_roles and binds_classes are for system-level controls",),
    ),
    ("effort that is no number", ((SUP, "effort = 2", "effort = true"),), (f"{SUP}: SUP-01: effort is True, which",)),
    ("title missing", ((F, 'title = "Small standard"\n', ""),), (f"{F}: file: title is missing",)),
    ("kind missing", ((SYS, 'kind = "signal"\n', ""),), (f"{SYS}: SYS-01 expectations alarm: kind is missing",)),
    (
        "requirements that are not tables",
        (
            (F, FRAMEWORK.decode()[FRAMEWORK.decode().index("[[requirement]]") :], ""),
            (F, "level", "requirement=[1]\nlevel"),
        ),
        (f"{F}: file: requirement number 1 is not a table", f"{F}: file: it has no requirements", f"{COV}: 1: the"),
    ),
    ("invalid TOML", ((SYS, "effort = 0.5", "effort = "),), (f"{SYS}: file: cannot be read as TOML",)),
)


@pytest.mark.parametrize(("changes", "expected"), [pytest.param(c, e, id=name) for name, c, e in REFUSED])
def test_each_mistake_is_refused_with_file_and_id(
    changes: Iterable[tuple[str, str, str]], expected: tuple[str, ...]
) -> None:
    problems = problems_of(changed(*changes))
    for start in expected:
        assert any(problem.startswith(start) for problem in problems), f"{start!r} is not in {problems}"


def test_invalid_utf8_is_refused() -> None:
    problems = problems_of({**FILES, SYS: SYSTEMS.replace(b"Somebody", b"S\xf6mebody")})
    assert problems[0].startswith(f"{SYS}: file: cannot be read as TOML")


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    mistakes = [
        row
        for row in REFUSED
        if row[0] in {"wrong role", "date as text", "duration P1Y", "record without check", "coverage without a reason"}
    ]
    problems = problems_of(changed(*(change for _, changes, _ in mistakes for change in changes)))
    expected = [start for _, _, starts in mistakes for start in starts]
    assert len(expected) == 5
    assert all(any(problem.startswith(start) for problem in problems) for start in expected)


def test_a_single_mistake_is_told_once() -> None:
    changes = ((SYS, "owner_named", "owner_famous"),)
    assert len(problems_of(changed(*changes))) == 1


def test_the_error_reads_as_a_list_of_sentences() -> None:
    with pytest.raises(LibraryError) as refused:
        load(changed((F, '"current"', '"fresh"'), (SUP, "P365D", "P1Y")))
    assert str(refused.value).splitlines() == list(refused.value.problems)
    assert len(refused.value.problems) == 2


def test_a_file_that_cannot_be_read_does_not_hide_the_mistakes_of_others() -> None:
    problems = problems_of(changed((SYS, "effort = 0.5", "effort = "), (SUP, "P365D", "P1Y")))
    assert {problem.split(":")[0] for problem in problems} >= {SYS, SUP}


def test_the_version_is_that_of_the_bytes() -> None:
    assert version_of(FILES) == version_of(dict(reversed(FILES.items())))
    assert version_of(FILES) != version_of(changed((SUP, "No surprises.", "No surprises!")))
    assert lock_of(FILES).count("\n") == len(FILES)


scalars = st.sampled_from(
    ['""', '"x"', "1", "-1", "true", "1.5", "[]", "[1]", '["x"]', "[[]]", "{}", "{ a = 1 }", "2026-01-01"]
)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_value_in_any_field_is_read_or_refused_but_never_breaks_the_loader(file: str, data: st.DataObject) -> None:
    lines = FILES[file].decode().split("\n")
    number = data.draw(st.sampled_from([n for n, line in enumerate(lines) if " = " in line]))
    lines[number] = f"{lines[number].split(' = ')[0]} = {data.draw(scalars)}"
    with suppress(LibraryError):
        load({**FILES, file: "\n".join(lines).encode()})


@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_field_may_be_left_out_without_breaking_the_loader(file: str, data: st.DataObject) -> None:
    lines = FILES[file].decode().split("\n")
    number = data.draw(st.sampled_from([n for n, line in enumerate(lines) if " = " in line]))
    del lines[number]
    with suppress(LibraryError):
        load({**FILES, file: "\n".join(lines).encode()})
