"""Addresses (DESIGN.md's contract)."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.monitoring import views as monitoring
from apps.staff import join_views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("join/", join_views.join, name="join"),
    path("admin/security/", include("apps.staff.urls")),
    path("admin/colleagues/", include("apps.sessions.colleague_urls")),
    path("admin/tg_sessions/session/", include("apps.signin.urls")),
    path("admin/tg_sessions/session/", include("apps.sessions.urls")),
    path("admin/tg_sessions/session/demo/", include("apps.demo.urls")),
    path("admin/", admin.site.urls),
    path("chats/", include("apps.chats.urls")),
    path("healthz", monitoring.healthz, name="healthz"),
    path("readyz", monitoring.readyz, name="readyz"),
]

handler400 = "tgadmin.addresses.refused"
handler500 = "tgadmin.middleware.failed"
