"""The form of a colleague: who they are, which accounts they use, whether they add accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.sessions.colleagues import name_of
from apps.sessions.services import colleagues, everywhere, rights
from apps.sessions.services.colleagues import Wanted
from apps.staff.roles import Role
from tgadmin.core.ids import row_id

PREFIX = "role-"
ROLES = ((0, "None"), *Role.choices)


def _text(**attrs: Any) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", **attrs})


class ColleagueForm(forms.Form):
    """``role-ID`` of what is sent is the role in an account: 0 for none, or a Role. What is sent of accounts in which
    ``offered`` gives no rights is refused."""

    name = forms.CharField(
        label="Name",
        max_length=150,
        widget=_text(autofocus=True),
        error_messages={"required": "Give a name."},
    )
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=colleagues.MAX_USERNAME,
        help_text="To sign in with. Empty: made from the name.",
        validators=[UnicodeUsernameValidator()],
        widget=_text(autocapitalize="none"),
    )
    email = forms.EmailField(
        label="E-mail (optional)",
        required=False,
        max_length=254,
        widget=_text(type="email"),
    )
    everywhere = forms.TypedChoiceField(choices=ROLES, coerce=int, required=False)
    adds_accounts = forms.BooleanField(label="May add accounts", required=False)

    def __init__(self, data: Any, offered: set[int], user: User | None = None) -> None:
        """``user``: who is changed; None: somebody new."""
        initial: dict[str, Any] = {}
        if user is not None:
            app_label, codename = rights.ADD_ACCOUNT.split(".")
            own = user.user_permissions.filter(content_type__app_label=app_label, codename=codename)
            initial = {"name": user.get_full_name(), "username": user.get_username(), "email": user.email}
            initial["adds_accounts"] = own.exists()
            initial["everywhere"] = int(everywhere.of(user) or 0)
        super().__init__(data, initial=initial)
        self.user, self.offered = user, offered
        self.roles: dict[int, Role | None] = {}
        if user is not None:
            self.fields["name"].required = bool(initial["name"])
            self.fields["username"].help_text = "To sign in with."
            if user.is_superuser:
                del self.fields["adds_accounts"], self.fields["everywhere"]  # administrators do, and may all

    def clean_username(self) -> str:
        given = str(self.cleaned_data["username"]).strip()
        if given:
            self._refuse_another(User.objects.filter(username__iexact=given))
        return given

    def clean_email(self) -> str:
        given = str(self.cleaned_data["email"]).strip()
        if given:
            self._refuse_another(User.objects.filter(email__iexact=given))
        return given

    def _refuse_another(self, rows: Any) -> None:
        other = rows.exclude(pk=self.user.pk if self.user is not None else None).first()
        if other is not None:
            page = reverse("colleagues:change", args=(other.pk,))
            raise forms.ValidationError(
                format_html('Already used by <a href="{}"><bdi>{}</bdi></a>.', page, name_of(other))
            )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for field, value in self.data.items():
            if not field.startswith(PREFIX):
                continue
            key, number = row_id(field.removeprefix(PREFIX)), str(value)
            if key not in self.offered or number not in ("0", *map(str, Role.values)):
                raise forms.ValidationError("One of the accounts is no longer there: reload the page.")
            self.roles[key] = Role(int(number)) if number != "0" else None
        if "everywhere" in self.errors:  # the rows of the table show no errors
            raise forms.ValidationError("One of the roles is not there: reload the page.")
        return given

    @property
    def choices_everywhere(self) -> list[tuple[int, str, bool]]:
        """(value, label, whether it is chosen)"""
        chosen = str(self["everywhere"].value() or 0)
        return [(value, str(label), str(value) == chosen) for value, label in ROLES]

    def focus(self) -> None:
        """On the first field that is wrong."""
        wrong = [name for name in self.fields if name in self.errors]
        if wrong:
            self.fields["name"].widget.attrs.pop("autofocus", None)
            self.fields[wrong[0]].widget.attrs["autofocus"] = True

    def _everywhere(self) -> Role | None:
        sent = "everywhere" in self.data and "everywhere" in self.fields
        number = self.cleaned_data["everywhere"] if sent else self.initial.get("everywhere")
        return Role(number) if number else None

    def wanted(self) -> Wanted:
        """Of a valid form."""
        given = self.cleaned_data
        kept = self.user.get_username() if self.user is not None else ""
        return Wanted(
            name=given["name"],
            username=given["username"] or kept or colleagues.free_username(given["name"]),
            email=given["email"],
            roles=self.roles,
            adds_accounts=given.get("adds_accounts", bool(self.initial.get("adds_accounts"))),
            everywhere=self._everywhere(),
        )
