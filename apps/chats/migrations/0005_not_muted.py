"""A chat that is not muted has no ``muted_until``: it was stored as 1970, where every reader had to know what it means.

Reversing leaves it as it is: the version before reads both.
"""

from django.db import migrations

NOT_MUTED = "UPDATE telegram_chats SET muted_until = NULL WHERE muted_until <= '1970-01-01 00:00:00+00'"


class Migration(migrations.Migration):
    dependencies = [("chats", "0004_deleted_together")]

    operations = [migrations.RunSQL(NOT_MUTED, migrations.RunSQL.noop)]
