"""Addresses of an account's own pages, within the admin's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from apps.sessions import access_views, check_views, device_views, proxy_views

app_name = "accounts"

wrap = admin.site.admin_view

urlpatterns = [
    path("<int:session_id>/check/", wrap(check_views.check), name="check"),
    path("<int:session_id>/check/status/", wrap(check_views.check_status), name="check_status"),
    path("<int:session_id>/devices/", wrap(device_views.devices_page), name="devices"),
    path("<int:session_id>/devices/status/", wrap(device_views.devices_status), name="devices_status"),
    path("<int:session_id>/proxy/", wrap(proxy_views.proxy_page), name="proxy"),
    path("<int:session_id>/proxy/status/", wrap(proxy_views.proxy_status), name="proxy_status"),
    path("<int:session_id>/access/", wrap(access_views.answer_request), name="access"),
]
