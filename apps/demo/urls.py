"""Addresses of the demo, within the admin's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from apps.demo import views

app_name = "demo"

wrap = admin.site.admin_view

urlpatterns = [
    path("", wrap(views.overview), name="overview"),
    path("status/", wrap(views.status), name="status"),
    path("start/", wrap(views.start), name="start"),
    path("remove/", wrap(views.remove), name="remove"),
]
