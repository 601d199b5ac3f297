"""Addresses below /admin/colleagues/."""

from django.contrib import admin
from django.urls import path

from apps.sessions import colleague_views as views

app_name = "colleagues"

wrap = admin.site.admin_view

urlpatterns = [
    path("", wrap(views.everybody), name="list"),
    path("add/", wrap(views.add), name="add"),
    path("<int:user_id>/", wrap(views.change), name="change"),
    path("<int:user_id>/link/", wrap(views.new_link), name="link"),
    path("<int:user_id>/enable/", wrap(views.enable), name="enable"),
    path("<int:user_id>/disable/", wrap(views.disable), name="disable"),
]
