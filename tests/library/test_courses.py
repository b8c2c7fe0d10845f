"""The shipped courses teach in our own words and ask fair questions; wrong files are refused with reasons."""

import re
from collections import Counter
from pathlib import Path

import pytest

from annexa.library.courses import courses, dangling, load_courses
from annexa.library.load import library
from annexa.library.reader import LibraryError
from annexa.pure.documents import Basis
from annexa.pure.training import Course, mark, questions_for
from tests.library.test_content import AMERICAN, told_twice

COURSES = courses()
GUIDE = Path(__file__).parents[2] / "docs" / "policies.md"
SMALL = b"""\
id = "small"
title = "Small course"
roles = ["everyone"]
minutes = 10
valid_months = 12
basis = { small = ["1"] }
version = "1"
pass_percent = 75

[[lesson]]
id = "doors"
title = "Doors"
text = "A door that is not locked is open."

[[question]]
id = "locked"
lesson = "doors"
text = "When is a door open?"
kind = "one"
choices = [
  { id = "a", text = "When it is not locked", right = true, because = "Anybody may enter." },
  { id = "b", text = "Never", right = false, because = "Then it were a wall." },
  { id = "c", text = "At night", right = false, because = "Time locks nothing." },
]
"""


@pytest.fixture(params=sorted(COURSES))
def course(request: pytest.FixtureRequest) -> Course:
    """Each course that is shipped."""
    return COURSES[request.param]


# --- what is shipped


def test_there_are_the_eight_courses() -> None:
    assert sorted(COURSES) == [
        "ai-owners-and-overseers",
        "buyers-supplier-due-diligence",
        "engineers-secure-and-responsible-ai",
        "everyone-ai-and-security",
        "incident-responders",
        "line-managers",
        "management-body",
        "privacy-and-data",
    ]


def test_every_requirement_named_exists() -> None:
    assert dangling(COURSES, library()) == []


def test_literacy_and_the_training_of_leaders_have_a_course() -> None:
    """Rule: Article 4 of the AI Act is for everyone, Article 20(2) of NIS2 for those who lead."""
    assert Basis(framework="eu-ai-act", requirement="Art.4") in COURSES["everyone-ai-and-security"].basis
    assert COURSES["everyone-ai-and-security"].roles == ("everyone",)
    assert Basis(framework="nis2", requirement="Art.20(2)") in COURSES["management-body"].basis


def test_a_lesson_is_read_in_a_few_minutes(course: Course) -> None:
    assert [one.id for one in course.lessons if not 80 <= len(one.text.split()) <= 200] == []


def test_a_course_has_8_to_12_questions_and_every_lesson_one(course: Course) -> None:
    assert 8 <= len(course.questions) <= 12
    assert {one.lesson for one in course.questions} == {one.id for one in course.lessons}


def test_the_place_of_the_right_choice_gives_nothing_away(course: Course) -> None:
    places = Counter(next(iter(one.right)) for one in course.questions if one.kind == "one")
    assert max(places.values()) <= 0.6 * places.total()


def test_the_right_choice_is_not_simply_the_longest() -> None:
    ones = [one for course in COURSES.values() for one in course.questions if one.kind == "one"]
    assert sum(max(one.choices, key=lambda choice: len(choice.text)).right for one in ones) <= 0.5 * len(ones)


def test_every_choice_says_why_in_words_of_its_own() -> None:
    texts = [choice.because for course in COURSES.values() for one in course.questions for choice in one.choices]
    assert told_twice(texts) == []
    assert [text for text in texts if len(text.split()) < 5] == []


def test_no_sentence_of_a_lesson_stands_twice() -> None:
    texts = [lesson.text for course in COURSES.values() for lesson in course.lessons]
    sentences = [one for text in texts for one in re.split(r"(?<=[.?])\s+", text) if len(one.split()) > 4]
    assert told_twice(sentences) == []
    assert told_twice([one.text for course in COURSES.values() for one in course.questions]) == []


def test_the_words_are_british() -> None:
    texts = [
        *(lesson.text for course in COURSES.values() for lesson in course.lessons),
        *(f"{c.text} {c.because}" for course in COURSES.values() for one in course.questions for c in one.choices),
    ]
    assert [found[0] for text in texts for found in AMERICAN.finditer(text)] == []


def test_who_knows_everything_passes_and_who_picks_the_first_does_not(course: Course) -> None:
    assert mark(course, {one.id: one.right for one in course.questions}).percent == 100
    assert not mark(course, {one.id: ["a"] for one in course.questions}).passed
    drawn = questions_for(course, "somebody", 6)
    assert mark(course, {one.id: one.right for one in drawn}, asked=drawn).passed


# --- what is refused


def test_the_small_course_is_read() -> None:
    found = load_courses({"courses/small.toml": SMALL})
    assert found["small"].questions[0].right == {"a"}
    assert dangling(found, library()) == ["courses/small.toml: file: small has no requirement 1"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'lesson = "doors"', b'lesson = "walls"', "belongs to lesson 'walls'"),
        (b'lesson = "doors"', b'lesson = "walls"', "lesson doors has no question"),
        (b'kind = "one"', b'kind = "several"', "kind several has at least two"),
        (b"right = true", b"right = false", "0 of its choices are right"),
        (b"right = true", b'right = "yes"', "right is 'yes'"),
        (b'because = "Then it were a wall."', b'because = " "', "because is empty"),
        (b'id = "b"', b'id = "a"', "choice 'a' occurs twice"),
        (b"pass_percent = 75", b"pass_percent = 0", "pass_percent is 0; it is from 1 to 100"),
        (b'roles = ["everyone"]', b"roles = []", "nobody would take it"),
        (b"minutes = 10", b"minutes = 10\nhours = 1", "hours is not a known key"),
        (b'id = "small"', b'id = "large"', "the file is named small"),
    ],
)
def test_a_wrong_course_is_refused(old: bytes, new: bytes, says: str) -> None:
    with pytest.raises(LibraryError) as refused:
        load_courses({"courses/small.toml": SMALL.replace(old, new, 1)})
    assert says in str(refused.value)


def test_all_errors_of_all_files_come_together() -> None:
    broken = SMALL.replace(b"minutes = 10", b"")
    with pytest.raises(LibraryError) as refused:
        load_courses({"courses/small.toml": broken, "courses/other.toml": b"= no toml"})
    assert "courses/small.toml: file: minutes is missing" in str(refused.value)
    assert "courses/other.toml: file: cannot be read as TOML" in str(refused.value)


def test_the_example_in_the_guide_is_accepted() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    found = re.findall(r"^(?: {4}.*\n(?:\n(?= {4}))?)+", text, flags=re.MULTILINE)
    parts = [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]
    example = next(part for part in parts if "pass_percent" in part)
    assert list(load_courses({"courses/visitors-at-the-door.toml": example.encode()})) == ["visitors-at-the-door"]
