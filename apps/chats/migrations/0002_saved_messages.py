"""The chat with oneself is called Saved Messages, and what is written there is one's own: nothing of it is unread.

It was stored as a stranger's. Reversing leaves it as it is: both versions read it.
"""

from django.db import migrations

OWN = """
UPDATE telegram_messages m SET out = true, state = CASE m.state WHEN 'received' THEN 'sent' ELSE m.state END
FROM telegram_chats c JOIN telegram_sessions s ON s.id = c.session_id AND s.telegram_user_id = c.peer_id
WHERE m.chat_id = c.id AND NOT m.out;
UPDATE telegram_chats c SET title = 'Saved Messages', unread_count = 0, unread_stale = false, last_message_out = true,
    last_message_sender = ''
FROM telegram_sessions s WHERE s.id = c.session_id AND s.telegram_user_id = c.peer_id;
"""


class Migration(migrations.Migration):
    dependencies = [("chats", "0001_initial"), ("tg_sessions", "0001_initial")]

    operations = [migrations.RunSQL(OWN, migrations.RunSQL.noop)]
