"""What people may send us by the page's forms."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import ApiToken
from .models.conversations import TITLE_LENGTH

#: Of a message, in characters.
LONGEST_TEXT = 1_000_000


class AskForm(forms.Form):
    """A message. Its text is taken as it was typed."""

    text = forms.CharField(max_length=LONGEST_TEXT, strip=False)
    model = forms.CharField(max_length=200, required=False)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(_("Write something first."))
        return text

    @property
    def complaint(self) -> str:
        """All that is wrong with it, in one line."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)


class RenameForm(forms.Form):
    title = forms.CharField(max_length=TITLE_LENGTH)


class TokenForm(forms.Form):
    """A token to be made; ``cleaned_data`` is what :meth:`ApiToken.issue` takes."""

    name = forms.CharField(
        max_length=100, label=_("What is it for?"), widget=forms.TextInput({"autocomplete": "off"})
    )
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices, label=_("It may"))
    lifetime = forms.TypedChoiceField(
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("A year")), (0, _("For ever"))],
        initial=90,
        coerce=int,
        label=_("Valid for"),
    )

    def clean_lifetime(self) -> timedelta | None:
        days: int = self.cleaned_data["lifetime"]
        return timedelta(days=days) if days else None
