"""Forms of the sign-in wizard and the dialogs of a session's actions."""

from __future__ import annotations

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

WORD_CODES = frozenset({"sms_word", "sms_phrase"})


class PhoneForm(forms.Form):
    """The number; ``name`` is asked for new accounts only."""

    name = forms.CharField(
        label="Name for your team",
        required=False,
        max_length=64,
        help_text="What colleagues call this account, as in “Support”. Empty: its name at Telegram.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label="Phone number",
        max_length=64,
        help_text="With its country code, as in +49 151 23456789.",
        widget=UnfoldAdminTextInputWidget(
            attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off", "placeholder": "+49 151 23456789"}
        ),
    )

    def __init__(self, *args: object, named: bool = True, known: str = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not named:
            del self.fields["name"]
        if known:
            self.fields["phone"].required = False
            self.fields["phone"].help_text = f"Leave empty to use {known}."


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=64,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: object, via: str = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if via in WORD_CODES:
            self.fields["code"].widget.attrs["inputmode"] = "text"


class PasswordForm(forms.Form):
    password = forms.CharField(
        label="Cloud password",
        strip=False,
        max_length=1024,
        help_text="It is handed to Telegram once and kept nowhere.",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "autofocus": True}),
    )


class ConfirmForm(BaseDialogForm):
    """A dialog that only asks to confirm."""
