from django.db import migrations


def keep_entries_in_their_index(apps, schema_editor):
    """
    Keep an entry, digests, arrival and all, in the tree of its primary key, so that a page is one range of one index.

    The neighbours in a timeline came in one by one and lie all over the table, each on a page of its own. MySQL
    keeps its tables so anyway, and Django has no word for it, so the table, still empty, is made again or altered.
    A later migration that alters this model makes SQLite's table anew without it and has to run this again.
    """
    table = apps.get_model("django_feeds", "TimelineEntry")._meta.db_table
    vendor = schema_editor.connection.vendor
    if vendor == "sqlite":
        without_rowid(schema_editor, table)
    elif vendor == "postgresql":
        including_the_rest(schema_editor, table)


def without_rowid(schema_editor, table):
    """Half the space, and a push is quicker too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
        (text,) = cursor.fetchone()
    schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(table)}")
    schema_editor.execute(f"{text} WITHOUT ROWID")


def including_the_rest(schema_editor, table):
    quote = schema_editor.quote_name
    with schema_editor.connection.cursor() as cursor:
        constraints = schema_editor.connection.introspection.get_constraints(cursor, table)
    (name,) = (name for name, constraint in constraints.items() if constraint["primary_key"])
    schema_editor.execute(
        f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)},"
        f" ADD CONSTRAINT {quote(name)} PRIMARY KEY (timeline_id, activity_id)"
        f" INCLUDE (actor, {quote('group')}, arrived)"
    )


class Migration(migrations.Migration):

    dependencies = [
        ("django_feeds", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(keep_entries_in_their_index, migrations.RunPython.noop),
    ]
