"""Signing in and out, in words: one box for what is wrong, the same whatever it is; nothing of Django's."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.staff.conftest import PASSWORD, Password

pytestmark = pytest.mark.django_db

OTHERS = re.compile(r"quality time|Log in|Log out|logged out|staff account|correct the error")


def words(page: str) -> str:
    return re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)


@pytest.mark.parametrize("who", ["marta", "nobody", "outsider", "inactive"])
def test_one_box_says_what_is_wrong_and_the_same_of_everybody(marta: User, who: str) -> None:
    User.objects.create_user("outsider", password=PASSWORD)
    User.objects.create_user("inactive", password=PASSWORD, is_staff=True, is_active=False)
    given = "wrong" if who == "marta" else PASSWORD
    page = Client().post("/admin/login/", {"username": who, "password": given}).content.decode()
    assert page.count('role="alert"') == 1
    assert page.count("This user name and password do not fit, or may not sign in here.") == 1
    assert OTHERS.findall(words(page)) == []
    assert given not in words(page)


def test_an_empty_field_says_so_at_the_field(marta: User) -> None:
    page = Client().post("/admin/login/", {"username": "", "password": ""}).content.decode()
    assert page.count("This field is required.") == 2
    assert OTHERS.findall(words(page)) == []


def test_signed_out_in_our_words(marta: User, with_password: Password) -> None:
    client = with_password(marta)
    assert "Sign out" in words(client.get("/admin/security/").content.decode())
    assert OTHERS.findall(words(client.get("/admin/security/").content.decode())) == []
    page = client.post("/admin/logout/").content.decode()
    assert "You are signed out in this browser." in page
    assert OTHERS.findall(words(page)) == []
    assert "Sign in again" in words(page)
