"""Forms of the sign-in wizard and the dialogs of a session's actions."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from tgadmin.core.proxies import Proxy, ProxyInvalid, ProxyKind

WORD_CODES = frozenset({"sms_word", "sms_phrase"})


def _plain(mode: str = "text") -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": mode})


def _hidden() -> UnfoldAdminPasswordWidget:
    return UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"})


class _SecretTextInput(UnfoldAdminTextInputWidget):
    """Legible while it is typed, never filled in again."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return dict(super().get_context(name, None, attrs))


def _unseen() -> _SecretTextInput:
    return _SecretTextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class ProxyField(forms.CharField):
    """A proxy as people pass it on; its value is a core Proxy, or None for an empty field."""

    def __init__(self, *, label: str, help_text: str) -> None:
        widget = _SecretTextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "tg://proxy?…  or  socks5://user:password@host:port",
            }
        )
        super().__init__(label=label, help_text=help_text, required=False, max_length=1024, widget=widget)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return Proxy.parse(text)
        except ProxyInvalid as error:
            raise forms.ValidationError(error.says) from None


class NameForm(forms.Form):
    """``name`` and a proxy, which are asked for new accounts only (``named``)."""

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


class PhoneForm(NameForm):
    """The number, which may be left out where one is ``known`` (masked); another proxy where one stands in the way."""

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


class ProxyForm(forms.Form):
    """Another proxy for an account: a link, or its parts."""

    link = ProxyField(label="Proxy link", help_text="As it is passed on in Telegram; or fill in the fields below.")
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("socks5", "SOCKS5"), ("mtproxy", "MTProxy")],
        widget=UnfoldAdminSelectWidget,
    )
    host = forms.CharField(label="Host", required=False, max_length=253, widget=_plain())
    port = forms.IntegerField(label="Port", required=False, min_value=1, max_value=65535, widget=_plain("numeric"))
    username = forms.CharField(label="User name", required=False, max_length=255, strip=False, widget=_unseen())
    password = forms.CharField(label="Password", required=False, max_length=255, strip=False, widget=_hidden())
    secret = forms.CharField(
        label="Secret", required=False, max_length=600,
        help_text="MTProxy only; 32 hexadecimal digits, or dd and 32 more.",
        widget=_hidden(),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors or given.get("link") is not None:
            return {**given, "proxy": given.get("link")}
        kind = ProxyKind(given.get("kind") or "socks5")
        names = {"username": given.get("username") or "", "password": given.get("password") or ""}
        secrets = names if kind is ProxyKind.SOCKS5 else {"secret": given.get("secret") or ""}
        try:
            proxy = Proxy(kind, given.get("host") or "", given.get("port") or 0, **secrets)
        except ProxyInvalid as error:
            raise forms.ValidationError(error.says) from None
        return {**given, "proxy": proxy}


class ImportForm(NameForm):
    """A StringSession or a file; ``data`` of the cleaned form is its bytes. What was given is never shown again."""

    text = forms.CharField(
        label="StringSession",
        required=False,
        max_length=2048,
        help_text="What Telethon's StringSession.save() prints.",
        widget=_SecretTextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label="or a .session file",
        required=False,
        allow_empty_file=True,
        help_text="The file that a Telethon program keeps. It is read once, and kept nowhere.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".session"}),
    )
    field_order = ("name", "text", "file", "proxy")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        text, file = cleaned.get("text") or "", cleaned.get("file")
        if bool(text) == (file is not None):
            raise forms.ValidationError("Give a StringSession or a file: one of the two.")
        cleaned["data"] = file.read() if file is not None else text.encode()
        return cleaned


class ExportForm(BaseDialogForm):
    """Why a session is taken out."""

    reason = forms.CharField(
        label="Reason",
        min_length=5,
        max_length=500,
        help_text="The audit keeps it with your name.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


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


class TtlForm(forms.Form):
    """After how many days without use Telegram ends an authorization."""

    days = forms.IntegerField(
        label="End authorizations that are unused for (days)",
        min_value=1,
        max_value=366,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class ConfirmForm(BaseDialogForm):
    """A dialog that only asks to confirm."""
