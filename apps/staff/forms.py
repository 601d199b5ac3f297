"""Forms of the second factor, and of confirming that it is oneself."""

from __future__ import annotations

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

MAX_CODE = 64
MAX_PASSWORD = 4096


class TokenForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    token = forms.CharField(
        label="Code",
        max_length=MAX_CODE,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false", "autocapitalize": "off"}
        ),
    )

    def __init__(self, *args: object, only_digits: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["token"]
        if only_digits:
            field.widget.attrs["inputmode"] = "numeric"
            field.help_text = "The six digits that the app shows for tgadmin."
        else:
            field.help_text = "Six digits from your authenticator app, or one of your recovery codes."


class ConfirmCodeForm(TokenForm):
    """The second factor again. Its field has a name that no other form's has: it may travel with another form."""

    prefix = "confirm"
    prefixed = ("confirm-token",)


class ConfirmPasswordForm(forms.Form):
    """The password again, of who has no second factor."""

    prefix = "confirm"
    prefixed = ("confirm-password",)

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
