"""Whatever somebody writes becomes text: no HTML, no script, no address but of web pages and mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.markdown import Span, read_markdown, spans_of

TEXT = """# Access

Nobody *ever* without a **reason**, see [the law](https://example.org/a?b=1).
Second line.

## Rules

- First, which
  goes on
- `code` here
1. One
2. Two

> Said by
> somebody

| Class | May |
|---|:-:|
| internal | yes |

---
```
<b>kept</b>
```
"""


def test_it_works() -> None:
    found = read_markdown(TEXT)
    assert [one.kind for one in found] == [
        "heading", "paragraph", "heading", "items", "numbered", "quote", "table", "rule", "code",
    ]  # fmt: skip
    assert found[1].spans == (
        Span(text="Nobody "),
        Span(text="ever", style="em"),
        Span(text=" without a "),
        Span(text="reason", style="strong"),
        Span(text=", see "),
        Span(text="the law", url="https://example.org/a?b=1"),
        Span(text=". Second line."),
    )
    assert [[span.text for span in line] for line in found[3].lines] == [["First, which goes on"], ["code", " here"]]
    assert [span.text for span in found[6].rows[0][1]] == ["yes"]
    assert found[8].text == "<b>kept</b>"


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "[x](data:text/html,x)", "<script>alert(1)</script>", "![x](https://x.example/a.png)"],
)
def test_nothing_but_text_comes_of_what_is_not_allowed(text: str) -> None:
    found = spans_of(text)
    assert not any(one.url.startswith(("javascript", "data")) for one in found)
    assert "".join(one.text for one in found).replace("!", "") in (text.replace("!", ""), "x")


def test_an_escaped_sign_stands_for_itself() -> None:
    assert spans_of(r"\*not\* \[x\]\(https://a.example\)") == (Span(text="*not* [x](https://a.example)"),)


@given(st.text(alphabet="ab *_`[]()#->|\\\n1.:/h", max_size=120))
def test_any_text_can_be_read_and_no_word_is_lost(text: str) -> None:
    """Law: reading never fails, and letters are kept in their order."""

    def letters(said: str) -> str:
        return "".join(c for c in said if c in "ab")

    def told(spans: tuple[Span, ...]) -> str:
        return "".join(one.text for one in spans)

    said = ""
    for block in read_markdown(text):
        said += block.text + told(block.spans) + "".join(map(told, block.lines)) + "".join(map(told, block.head))
        said += "".join(told(cell) for row in block.rows for cell in row)
    if "](h" not in text and "```" not in text:
        assert letters(said) == letters(text)
