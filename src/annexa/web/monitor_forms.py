"""The forms of monitors: which to turn on, what is done about a breach, a window to freeze, lines of one's own."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from annexa.library.monitors import monitors as library_monitors
from annexa.pure.monitor_words import SHARES, kept, shown, unit_words
from annexa.pure.monitors import Monitor
from annexa.web.forms import date_field, text_field

STEP = "any"
HOW: Mapping[str, Any] = {
    "finding": later("Take it up as a finding: a minor nonconformity stands against the control it makes fail"),
    "dismissed": later("Dismiss it: nothing has to be done, for the reason below"),
}


class ChooseForm(forms.Form):
    """Monitors to turn on, and why."""

    chosen = forms.MultipleChoiceField(
        label=later("Monitors"), choices=[], error_messages={"required": later("Choose at least one monitor.")}
    )
    because = text_field(later("Why these"))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["chosen"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  it is
        field.choices = [(one.id, one.title) for one in library_monitors().values()]


class ReasonForm(forms.Form):
    """A step with its reason."""

    because = text_field(later("Why"))


class EndForm(forms.Form):
    """What is done about a breach."""

    how = forms.ChoiceField(
        label=later("What you do about it"), choices=list(HOW.items()), widget=forms.RadioSelect,
        error_messages={"required": later("Choose one.")},
    )  # fmt: skip
    because = text_field(later("What you found"))


class FreezeForm(forms.Form):
    """A window of the log that is usual, from the first day to the last."""

    since = date_field(later("From"))
    until = date_field(later("Up to and with"))
    because = text_field(later("Why this is usual"))


class LinesForm(forms.Form):
    """Lines of the organisation's own, in the unit that people read, and why. What is left empty is the library's.

    `own`: the lines in force, by level, as the monitor holds them.
    """

    def __init__(self, *args: Any, monitor: Monitor, own: Mapping[str, float] | None = None, **more: Any) -> None:
        more.setdefault("initial", {level: shown(monitor, value) for level, value in (own or {}).items()})
        super().__init__(*args, **more)
        self.monitor = monitor
        unit = unit_words(monitor)
        least, most = (0.0, 100.0) if monitor.measure in SHARES else (None, None)
        for one in monitor.thresholds:
            verb = _("Fails %s") if one.level == "fail" else _("Warns %s")
            self.fields[one.level] = forms.FloatField(
                label=f"{verb % one.when}, {unit}" if unit else verb % one.when, required=False,
                help_text=_("The library says %s.") % f"{shown(monitor, one.value):g} {unit}".strip(),
                widget=forms.NumberInput(attrs={"step": STEP}),
                min_value=least, max_value=most,
            )  # fmt: skip
        self.fields["because"] = text_field(_("Why these lines"))

    def said(self) -> dict[str, float]:
        """The lines that were given, by level, as the monitor holds them."""
        return {
            name: kept(self.monitor, value)
            for name, value in self.cleaned_data.items()
            if name != "because" and value is not None
        }
