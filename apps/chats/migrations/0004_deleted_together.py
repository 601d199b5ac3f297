"""What belongs to an account, at whatever remove, is deleted with it by the database: no late writer can leave a row
behind, or make the deletion fail. Here, above all the apps whose tables it concerns."""

from django.db import migrations

from apps.common.cascades import cascade

SESSIONS, CHATS = "telegram_sessions", "telegram_chats"
OF_SESSIONS = (
    "telegram_access_requests",
    "telegram_authorizations",
    "telegram_channel_states",
    "telegram_chats",
    "telegram_commands",
    "telegram_devices",
    "telegram_flood_waits",
    "telegram_gaps",
    "telegram_leases",
    "telegram_peers",
    "telegram_proxies",
    "telegram_session_events",
    "telegram_session_grants",
    "telegram_sign_ins",
    "telegram_unreadable_updates",
    "telegram_update_states",
)


class Migration(migrations.Migration):
    dependencies = [
        ("chats", "0003_unread_mark"),
        ("tg_sessions", "0001_initial"),
        ("commands", "0002_progress"),
        ("signin", "0002_login_email"),
    ]

    operations = [
        *(cascade(table, "session_id", SESSIONS) for table in OF_SESSIONS),
        cascade("telegram_authorization_secrets", "authorization_id", "telegram_authorizations"),
        cascade("telegram_command_secrets", "command_id", "telegram_commands"),
        cascade("telegram_sign_in_secrets", "attempt_id", "telegram_sign_ins"),
        cascade("telegram_proxy_secrets", "proxy_id", "telegram_proxies"),
        cascade("telegram_messages", "chat_id", CHATS),
        cascade("chat_events", "chat_id", CHATS),
        cascade("telegram_message_secrets", "message_id", "telegram_messages"),
    ]
