"""The questions of a questionnaire as fields of a form: saved as far as they are answered, never lost when wrong."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from annexa.pure.questionnaires import LONGEST, Answers, Question, Value, wrong
from annexa.web.forms import date_field

YES_NO = (("yes", later("Yes")), ("no", later("No")))


class QuestionsForm(forms.Form):
    """Some questions with the answers so far. Nothing is required here: what is missing is told when it is handed in.

    Cleaned data hold, by question, its value or None for no answer.
    """

    def __init__(self, *args: Any, questions: Iterable[Question], answers: Answers, **more: Any) -> None:
        self.questions = {one.id: one for one in questions}
        more["initial"] = {one: shown(value) for one, value in answers.items()}
        super().__init__(*args, **more)
        for one in self.questions.values():
            self.fields[one.id] = _field(one)

    def clean(self) -> dict[str, Any]:
        """Every answer as the engine takes it; one that cannot stand is refused by itself."""
        found: dict[str, Any] = super().clean() or {}
        for name in list(found):
            question = self.questions[name]
            found[name] = value = _value(question, found[name])
            if value is not None and (message := wrong(question, value)):
                self.add_error(name, _("This %s.") % message)
        return found

    @property
    def given(self) -> Mapping[str, Value | None]:
        """The answers that can stand, whatever is wrong with others."""
        return {name: value for name, value in self.cleaned_data.items() if name not in self.errors}


def shown(value: Value) -> Any:
    """An answer as its field shows it."""
    return list(value) if isinstance(value, tuple) else value


def said(value: Value | None) -> str:
    """An answer as people read it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(value)
    return {"yes": _("Yes"), "no": _("No")}.get(value, value) if isinstance(value, str) else str(value)


def _field(one: Question) -> forms.Field:
    told: dict[str, Any] = {"label": one.text, "help_text": one.help, "required": False}
    if one.kind in ("yes_no", "choice"):
        choices = YES_NO if one.kind == "yes_no" else [(word, word[:1].upper() + word[1:]) for word in one.choices]
        return forms.ChoiceField(widget=forms.RadioSelect, choices=choices, **told)
    if one.kind == "several":
        pairs = [(word, word[:1].upper() + word[1:]) for word in one.choices]
        return forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, choices=pairs, **told)
    if one.kind == "number":
        return forms.FloatField(min_value=0, **told)
    if one.kind == "date":
        return date_field(told.pop("label"), **told)
    if one.kind == "list":
        told["help_text"] = f"{one.help} {_('One on each line.')}".strip()
        return Lines(widget=forms.Textarea(attrs={"rows": 3}), max_length=LONGEST["long text"], **told)
    area = forms.Textarea(attrs={"rows": 3}) if one.kind == "long text" else forms.TextInput()
    return forms.CharField(max_length=LONGEST[one.kind], widget=area, **told)


class Lines(forms.CharField):
    """Several texts, one on each line."""

    def prepare_value(self, value: Any) -> Any:
        """As the field shows them."""
        return "\n".join(value) if isinstance(value, list | tuple) else value


def _value(question: Question, given: Any) -> Value | None:
    if given in (None, "", []):
        return None
    if question.kind == "list":
        lines = tuple(dict.fromkeys(filter(None, (line.strip() for line in str(given).splitlines()))))
        return lines or None
    if question.kind == "several":
        return tuple(given)
    if question.kind == "number":
        number = float(given)
        return int(number) if number.is_integer() else number
    value: Value = given.strip() if isinstance(given, str) else given
    return value
