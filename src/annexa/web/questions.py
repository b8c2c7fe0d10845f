"""The questions of a questionnaire as fields of a form: kept as far as they are answered, never lost when wrong."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from annexa.pure.questionnaires import LONGEST, Question, Value


class QuestionsForm(forms.Form):
    """Some questions, each with its answer or what is proposed for it.

    Everything may be left open until it is handed in, and what is wrong is told by whoever keeps the answers.
    """

    use_required_attribute = False

    def __init__(self, *args: Any, asked: Iterable[tuple[Question, Value | None]], **more: Any) -> None:
        super().__init__(*args, **more)
        for question, value in asked:
            field = _field(question)
            field.initial = written(question, value)
            self.fields[question.id] = field

    def full_clean(self) -> None:
        """Finds nothing by itself."""
        self._errors = ErrorDict()
        self.cleaned_data: dict[str, Any] = {}

    def given(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """What was sent, in the plain form of the answers. What cannot be read is told there."""
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            value = field.widget.value_from_datadict(sent, {}, name)
            if isinstance(field, EntriesField):
                value = [line.strip() for line in str(value or "").splitlines() if line.strip()]
            found[name] = value or None
        return found


class EntriesField(forms.CharField):
    """Entries, each in a line of its own."""


def said(value: Value | None) -> str:
    """An answer as people read it; entries each in a line."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "\n".join(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def written(question: Question, value: Value | None) -> Any:
    """An answer as its field has it."""
    if question.kind == "several":
        return list(value) if isinstance(value, tuple) else []
    return said(value)


def _field(question: Question) -> forms.Field:
    about: dict[str, Any] = {"label": question.text, "help_text": question.help, "required": question.required}
    match question.kind:
        case "yes_no" | "choice":
            made: forms.Field = forms.ChoiceField(choices=_worded(question), widget=forms.RadioSelect, **about)
        case "several":
            made = forms.MultipleChoiceField(choices=_worded(question), widget=forms.CheckboxSelectMultiple, **about)
        case "date":
            made = forms.CharField(widget=forms.TextInput(attrs={"type": "date"}), **about)
        case "number":
            made = forms.CharField(widget=forms.TextInput(attrs={"inputmode": "decimal"}), **about)
        case "long text" | "list":
            kind = EntriesField if question.kind == "list" else forms.CharField
            made = kind(widget=forms.Textarea(attrs={"rows": 4}), **about)
        case _:
            made = forms.CharField(max_length=LONGEST[question.kind], **about)
    return made


def _worded(question: Question) -> list[tuple[str, str]]:
    """The words to choose from, as people read them."""
    return [(word, word[:1].upper() + word[1:].replace("_", " ")) for word in question.words]
