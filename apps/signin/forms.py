"""Forms of the sign-in wizard."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from apps.sessions.forms import ProxyField, SecretTextInput
from apps.signin.services.common import WORD_CODES


class NameForm(forms.Form):
    """``name`` and a proxy, which are asked for new accounts only (``named``). One begins to type in the first of
    ``begin_with`` that is there."""

    begin_with: tuple[str, ...] = ("name",)

    name = forms.CharField(
        label="Name for your team",
        required=False,
        max_length=64,
        help_text="What colleagues call this account, as in “Support”. Empty: its name at Telegram.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    proxy = ProxyField(
        label="Proxy (optional)",
        help_text="SOCKS5 or MTProxy. It is tried first; then everything of this account goes through it, and nothing "
        "around it.",
    )

    def __init__(self, *args: object, named: bool = True, proxied: str | None = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not named:
            del self.fields["name"]
        if proxied is None:
            del self.fields["proxy"]
        first = next((name for name in self.begin_with if name in self.fields), None)
        if first is not None:
            self.fields[first].widget.attrs["autofocus"] = True


class PhoneForm(NameForm):
    """The number, which may be left out where one is ``known`` (masked); another proxy where one stands in the way."""

    begin_with = ("phone",)

    phone = forms.CharField(
        label="Phone number",
        max_length=64,
        help_text="With its country code, as in +49 151 23456789.",
        widget=UnfoldAdminTextInputWidget(
            attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off", "placeholder": "+49 151 23456789"}
        ),
    )

    directly = forms.BooleanField(
        label="Without a proxy", required=False, help_text="Connect this account to Telegram directly from now on."
    )
    field_order = ("name", "phone", "proxy", "directly")

    def __init__(
        self, *args: object, named: bool = True, known: str = "", proxied: str | None = "", **kwargs: object
    ) -> None:
        """``proxied``: the proxy's address that the sign-in goes through ("": none), None: it is not asked for."""
        super().__init__(*args, named=named, proxied=proxied, **kwargs)
        if not proxied:
            del self.fields["directly"]
        else:
            self.fields["proxy"].label = "Another proxy"
            self.fields["proxy"].help_text = f"Leave empty to go on through {proxied}."
        if known:
            self.fields["phone"].required = False
            self.fields["phone"].help_text = f"Leave empty to use {known}."


class ImportForm(NameForm):
    """A session string or a file; ``data`` of the cleaned form is its bytes. What was given is never shown again."""

    begin_with = ("text",)

    text = forms.CharField(
        label="Session string",
        required=False,
        max_length=16384,
        help_text="Telethon's StringSession, or what Pyrogram's export_session_string() or GramJS prints.",
        widget=SecretTextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label="or a .session file",
        required=False,
        allow_empty_file=True,
        help_text="The file that a program with Telethon or Pyrogram keeps. It is read once, and kept nowhere.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".session"}),
    )
    field_order = ("name", "text", "file", "proxy")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        text, file = cleaned.get("text") or "", cleaned.get("file")
        if bool(text) == (file is not None):
            raise forms.ValidationError("Give a session string or a file: one of the two.")
        cleaned["data"] = file.read() if file is not None else text.encode()
        return cleaned


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=1024,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: object, via: str = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if via in WORD_CODES:
            self.fields["code"].widget.attrs["inputmode"] = "text"


class LoginEmailForm(forms.Form):
    email = forms.CharField(
        label="Login email",
        max_length=254,
        help_text="An address that your organisation keeps: Telegram sends this account's codes to it from now on.",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "email", "autocomplete": "off", "autofocus": True}),
    )


class PasswordForm(forms.Form):
    password = forms.CharField(
        label="Cloud password",
        strip=False,
        max_length=1024,
        help_text="It is handed to Telegram once and kept nowhere.",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "autofocus": True}),
    )
