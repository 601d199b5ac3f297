"""Forms of an account's pages: its proxy, its devices, the dialogs of its actions."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from tgadmin.core.errors import UserError
from tgadmin.core.proxies import Proxy, ProxyKind


def _plain(mode: str = "text") -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": mode})


def _hidden() -> UnfoldAdminPasswordWidget:
    return UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"})


class SecretTextInput(UnfoldAdminTextInputWidget):
    """Legible while it is typed, never filled in again."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return dict(super().get_context(name, None, attrs))


def _unseen() -> SecretTextInput:
    return SecretTextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class ProxyField(forms.CharField):
    """A proxy as people pass it on; its value is a core Proxy, or None for an empty field."""

    def __init__(self, *, label: str, help_text: str) -> None:
        widget = SecretTextInput(
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
        except UserError as error:
            raise forms.ValidationError(error.message) from None


class ProxyForm(forms.Form):
    """Another proxy for an account: a link, or its parts. The page shows the parts of the kind that is chosen, and none
    beside a link (static/admin/tgadmin.css)."""

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
        except UserError as error:
            raise forms.ValidationError(error.message) from None
        return {**given, "proxy": proxy}


class ExportForm(BaseDialogForm):
    """Why a session is taken out."""

    reason = forms.CharField(
        label="Reason",
        min_length=5,
        max_length=500,
        help_text="At least five characters. The audit keeps it with your name.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


class TtlForm(forms.Form):
    """After how many days without use Telegram ends an authorization."""

    days = forms.IntegerField(
        label="End authorizations that are unused for (days)",
        min_value=1,
        max_value=366,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
