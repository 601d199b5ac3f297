"""A request of many pages keeps how far it has come."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commands", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="command",
            name="progress",
            field=models.JSONField(
                blank=True, help_text="How far a request of many pages has come: the next try goes on there.", null=True
            ),
        ),
    ]
