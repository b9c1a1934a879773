"""One test function on each database: SQLite (or what FEEDS_TEST_DB says), PostgreSQL and MariaDB."""

import pytest


def on_every_database(transaction: bool = False) -> pytest.MarkDecorator:
    """
    Run the decorated test once for each alias, given as the argument `using`:

        @on_every_database()
        def test_a_page_is_read_by_index(using): ...

    The default database is always there besides. A class does it by hand:

        class PostgreSQLStorageTests(StorageContract, TestCase):
            databases = {"default", "postgresql"}
    """
    aliases = [
        ("default", ["default"]),
        ("postgresql", ["default", "postgresql"]),
        ("mysql", ["default", "mysql"]),
    ]
    return pytest.mark.parametrize(
        "using",
        [
            pytest.param(alias, marks=pytest.mark.django_db(databases=databases, transaction=transaction), id=alias)
            for alias, databases in aliases
        ],
    )
