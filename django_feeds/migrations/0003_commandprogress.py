from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("django_feeds", "0002_timelineentry_without_rowid"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommandProgress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("place", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
    ]
