"""A chat may be marked as unread by hand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chats", "0002_saved_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="chat",
            name="unread_mark",
            field=models.BooleanField(db_default=False, default=False, help_text="Marked as unread by hand."),
        ),
    ]
