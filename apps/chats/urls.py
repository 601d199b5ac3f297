"""Addresses of the live pages; ids are our row ids."""

from __future__ import annotations

from django.urls import path

from apps.chats import views

app_name = "chats"
urlpatterns = [
    path("", views.home, name="home"),
    path("all/", views.everywhere, name="all"),
    path("all/list/", views.whole_list, name="whole-list"),
    path("all/<int:chat_id>/", views.everywhere, name="all-chat"),
    path("<int:session_id>/", views.page, name="session"),
    path("<int:session_id>/list/", views.chat_list, name="list"),
    path("<int:session_id>/<int:chat_id>/", views.page, name="chat"),
    path("<int:session_id>/<int:chat_id>/history/", views.history, name="history"),
    path("<int:session_id>/<int:chat_id>/details/", views.details, name="details"),
]
