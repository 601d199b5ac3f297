from django.db import migrations

from apps.common.cascades import cascade


class Migration(migrations.Migration):
    dependencies = [("tg_sessions", "0002_future_auth_tokens")]

    operations = [cascade("telegram_authorization_tokens", "session_id", "telegram_sessions")]
