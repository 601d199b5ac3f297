"""How the admin looks and what its navigation holds: django-unfold's settings, with the live pages' accent colours."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def superusers_only(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def never(request: HttpRequest) -> bool:
    """The live pages are none of the admin's own, though /admin/chats/ looks like their address."""
    return False


def may_see_users(request: HttpRequest) -> bool:
    return request.user.has_perm("auth.view_user")


def may_audit(request: HttpRequest) -> bool:
    from apps.sessions.services import rights  # the settings name this module before there are models

    return rights.manages_any(request.user)


def _item(title: str, icon: str, link: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(link)} | more


ONLY_SUPERUSERS = {"permission": "tgadmin.unfold.superusers_only"}

NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            _item("Overview", "home", "admin:index"),
            _item("Chats", "forum", "chats:home", active="tgadmin.unfold.never"),
        ]
    },
    {
        "title": "Telegram",
        "items": [
            _item("Accounts", "sim_card", "admin:tg_sessions_session_changelist"),
            _item("Sign-ins", "login", "admin:signin_signinattempt_changelist"),
            _item("Rights", "group_add", "admin:tg_sessions_sessiongrant_changelist"),
            _item("Timeline", "timeline", "admin:tg_sessions_sessionevent_changelist"),
        ],
    },
    {
        "title": "Administration",
        "items": [
            _item("Security", "shield_person", "staff:security"),
            _item("Colleagues", "group", "colleagues:list", **ONLY_SUPERUSERS),
            _item("Users", "person", "admin:auth_user_changelist", permission="tgadmin.unfold.may_see_users"),
            _item("Groups", "groups", "admin:auth_group_changelist", **ONLY_SUPERUSERS),
            _item("Lock-outs", "lock_clock", "admin:axes_accessattempt_changelist", **ONLY_SUPERUSERS),
            _item("Audit", "policy", "admin:staff_auditentry_changelist", permission="tgadmin.unfold.may_audit"),
        ],
    },
    {
        "title": "Data",
        "items": [
            _item("Chat records", "list_alt", "admin:chats_chat_changelist"),
            _item("Messages", "chat_bubble", "admin:chats_message_changelist"),
            _item("Peers", "contacts", "admin:chats_peer_changelist"),
            _item("Gaps", "pending", "admin:chats_gap_changelist"),
        ],
    },
    {
        "title": "Operations",
        "items": [
            _item("Commands", "send", "admin:commands_command_changelist"),
            _item("Flood waits", "hourglass_top", "admin:commands_floodwait_changelist"),
            _item("Leases", "link", "admin:commands_lease_changelist"),
            _item("Gateways", "dns", "admin:commands_node_changelist", **ONLY_SUPERUSERS),
            _item("Failed tasks", "report", "admin:django_q_failure_changelist", **ONLY_SUPERUSERS),
        ],
    },
]

SHORT_NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            _item("Chats", "forum", "chats:home", active="tgadmin.unfold.never"),
            _item("Security", "shield_person", "staff:security"),
        ]
    }
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu; the short one for whoever works in chats alone."""
    from apps.sessions.services import rights  # the settings name this module before there are models

    return SHORT_NAVIGATION if rights.works_in_chats(request.user) else NAVIGATION


UNFOLD = {
    "SITE_TITLE": "tgadmin",
    "SITE_HEADER": "tgadmin",
    "SITE_ICON": lambda request: static("common/icon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("common/icon.svg")},
    ],
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: static("admin/tgadmin.css")],
    "SCRIPTS": [lambda request: static("admin/page.js")],
    "DASHBOARD_CALLBACK": "apps.monitoring.dashboard.index",
    "ACCOUNT": {
        "navigation": [
            {"title": "Security", "link": reverse_lazy("staff:security")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "LOGIN": {"form": "apps.staff.forms.SignInForm"},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "tgadmin.unfold.navigation"},
    "COLORS": {
        # 600 is the accent on light, 500 on dark, as on the live pages.
        "primary": {
            "50": "#eef6ff",
            "100": "#dcecfd",
            "200": "#c3dcf8",
            "300": "#9bd0ff",
            "400": "#7cc0ff",
            "500": "#5fb0ff",
            "600": "#0b66c3",
            "700": "#0a4f98",
            "800": "#0d447f",
            "900": "#173a61",
            "950": "#15304d",
        },
    },
}
