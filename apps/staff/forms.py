"""Forms of the second factor, of confirming that it is oneself, and of one-time links."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from unfold.forms import AuthenticationForm
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


class SignInForm(AuthenticationForm):
    """User name and password. One sentence for whatever is wrong: who tries learns nothing of who exists."""

    error_messages = {
        "invalid_login": "This user name and password do not fit, or may not sign in here. Capitals count.",
        "inactive": "This user name and password do not fit, or may not sign in here. Capitals count.",
    }


class LinkForm(forms.Form):
    """What stands behind the "#" of a one-time link, or the whole link."""

    refused = ""
    """Why the link that was given before does not work, in words."""

    link = forms.CharField(
        label="Your one-time link",
        max_length=512,
        help_text="As your administrator sent it to you.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "autofocus": True}
        ),
    )

    def clean_link(self) -> str:
        return str(self.cleaned_data["link"]).rpartition("#")[2]


class NewPasswordForm(forms.Form):
    """A password of one's own choice, twice."""

    password1 = forms.CharField(
        label="New password",
        strip=False,
        max_length=MAX_PASSWORD,
        help_text="At least ten characters, none of the common ones, not like your name.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    password2 = forms.CharField(
        label="The same again",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.user = user

    def clean_password1(self) -> str:
        given = str(self.cleaned_data["password1"])
        validate_password(given, self.user)
        return given

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if "password1" in given and "password2" in given and given["password1"] != given["password2"]:
            self.add_error("password2", "The two passwords are not the same.")
        return given
