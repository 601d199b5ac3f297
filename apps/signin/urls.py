"""Addresses of the sign-in wizard, within the admin's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from apps.signin import import_views, views

app_name = "signin"

wrap = admin.site.admin_view

urlpatterns = [
    path("sign-in/", wrap(views.sign_in_start), name="start"),
    path("sign-in/<uuid:attempt_id>/", wrap(views.sign_in), name="step"),
    path("sign-in/<uuid:attempt_id>/status/", wrap(views.sign_in_status), name="status"),
    path("import/", wrap(import_views.import_session), name="import"),
]
