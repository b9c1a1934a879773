from django.db import migrations


def keep_entries_in_their_index(apps, schema_editor):
    """
    SQLite: keep an entry once, in the tree of its primary key, not there and in a table beside it.

    Half the space, twice the speed of a push, and a page is read without leaving the index. Django has no word
    for it, so the table, still empty, is made again with the same text. A later migration that alters this model
    makes SQLite's table anew without it and has to run this again.
    """
    if schema_editor.connection.vendor != "sqlite":
        return
    table = apps.get_model("django_feeds", "TimelineEntry")._meta.db_table
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
        (text,) = cursor.fetchone()
    schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(table)}")
    schema_editor.execute(f"{text} WITHOUT ROWID")


class Migration(migrations.Migration):

    dependencies = [
        ("django_feeds", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(keep_entries_in_their_index, migrations.RunPython.noop),
    ]
