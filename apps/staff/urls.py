"""Addresses below /admin/security/."""

from django.contrib import admin
from django.urls import path

from apps.staff import views

app_name = "staff"
wrap = admin.site.admin_view

urlpatterns = [
    path("", wrap(views.security), name="security"),
    path("verify/", wrap(views.verify), name="verify"),
    path("confirm/", wrap(views.confirm), name="confirm"),
    path("second-factor/", wrap(views.add), name="add"),
    path("second-factor/remove/", wrap(views.remove), name="remove"),
    path("second-factor/codes/", wrap(views.new_codes), name="codes"),
    path("second-factor/require/", wrap(views.require), name="require"),
    path("logins/end-others/", wrap(views.end_others), name="end_others"),
]
