"""A sign-in may wait for a login email, and says where its code went."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("signin", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="signinattempt",
            name="code_hint",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Where it went, or how it begins.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="signinattempt",
            name="code_via",
            field=models.CharField(blank=True, help_text="app, sms, call, email_code …", max_length=24),
        ),
        migrations.AlterField(
            model_name="signinattempt",
            name="step",
            field=models.CharField(
                choices=[
                    ("qr", "QR code"),
                    ("import", "Import"),
                    ("phone", "Phone number"),
                    ("email", "Login email"),
                    ("code", "Code"),
                    ("password", "Cloud password"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="phone",
                max_length=10,
            ),
        ),
    ]
