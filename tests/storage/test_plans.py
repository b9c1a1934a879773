"""Pages are read along an index, and cost the same however many rows others have."""

import json

from django.contrib.auth import get_user_model
from django.db import connections
from django.test import TestCase

from django_feeds.ids import MIN_ID
from django_feeds.models import Follow, Timeline, TimelineEntry
from django_feeds.storage.database import DatabaseStorage
from django_feeds.testing.contract.case import entry

TIMELINES, ROWS, FOLLOWS = 1_000, 1_000, 100_000
MINE = "feed:mine"


class Statements:
    """What a piece of code asks of a database, to be asked again with EXPLAIN."""

    def __init__(self, using, work):
        self.connection = connections[using]
        self.asked = []
        with self.connection.execute_wrapper(self.note):
            work()

    def note(self, execute, sql, params, many, context):
        self.asked.append((sql, params))
        return execute(sql, params, many, context)

    def explained(self, prefix):
        """The rows that EXPLAIN answers, for each statement."""
        with self.connection.cursor() as cursor:
            for sql, params in self.asked:
                cursor.execute(f"{prefix} {sql}", params)
                yield cursor.fetchall()


class PlanTests:
    """Mixed into one TestCase for each database; `cost` and `assert_by_index` know its EXPLAIN."""

    using = "default"
    order = "e.activity_id, t.id"
    """As pushes bring them."""

    def setUp(self):
        self.storage = DatabaseStorage("default", {"DATABASE": self.using})
        mine = [entry(ms) for ms in range(ROWS)]
        self.storage.add([MINE], mine, floor=MIN_ID, max_length=ROWS)
        self.work = {
            "first page": lambda: self.storage.slice(MINE, limit=25),
            "tenth page": lambda: self.storage.slice(MINE, limit=25, before=mine[-225].id),
            "oldest first": lambda: self.storage.slice(MINE, limit=25, after=mine[20].id, oldest_first=True),
            "by offset": lambda: self.storage.slice(MINE, limit=25, offset=50),
            "count": lambda: self.storage.count(MINE, max_length=100),
            "rank": lambda: self.storage.rank(MINE, mine[-50].id, max_length=100),
            "first followers": lambda: next(Follow.objects.using(self.using).followers("7").ranges(99)),
        }

    def execute(self, text, params=()):
        with connections[self.using].cursor() as cursor:
            cursor.execute(text, params)

    def analyze(self):
        self.execute("ANALYZE")

    def fill(self):
        """A million rows in other timelines, and a hundred thousand follows, of which some are of "7"."""
        timelines = [Timeline(key=f"feed:{number}", floor=MIN_ID) for number in range(TIMELINES - 1)]
        Timeline.objects.using(self.using).bulk_create(timelines)
        t, e = Timeline._meta.db_table, TimelineEntry._meta.db_table
        mine = Timeline.objects.using(self.using).get(key=MINE).pk
        self.execute(
            f"INSERT INTO {e} (timeline_id, activity_id) SELECT t.id, e.activity_id FROM {e} e, {t} t"
            f" WHERE e.timeline_id = %s AND t.id <> %s ORDER BY {self.order}",
            [mine, mine],
        )
        users, follows = get_user_model()._meta.db_table, Follow._meta.db_table
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
        self.execute(
            f"{numbers} INSERT INTO {users} (id, password, is_superuser, username, first_name, last_name, email,"
            " is_staff, is_active, date_joined) SELECT 1000000 + i, '', false, 'user ' || i, '', '', '', false, true,"
            " CURRENT_TIMESTAMP FROM n",
            [FOLLOWS],
        )
        self.execute(
            f"{numbers} INSERT INTO {follows} (user_id, target, created_at)"
            " SELECT 1000000 + i, CAST(i %% 100 AS varchar(10)), CURRENT_TIMESTAMP FROM n",
            [FOLLOWS],
        )
        self.analyze()

    def test_a_page_costs_the_same_beside_a_million_rows(self):
        self.analyze()
        small = {name: self.cost(Statements(self.using, work)) for name, work in self.work.items() if "page" in name}

        self.fill()

        for name, work in self.work.items():
            with self.subTest(name):
                self.assert_by_index(Statements(self.using, work))
        for name, cost in small.items():
            with self.subTest(name):
                self.assertLessEqual(self.cost(Statements(self.using, self.work[name])), cost + self.deeper)


class SQLitePlanTests(PlanTests, TestCase):
    deeper = 0
    order = "t.id, e.activity_id"
    """SQLite keeps them so, and takes them five times as fast."""

    def cost(self, statements):
        """How many steps the plan has: SQLite does not count rows."""
        return sum(len(rows) for rows in statements.explained("EXPLAIN QUERY PLAN"))

    def assert_by_index(self, statements):
        for rows in statements.explained("EXPLAIN QUERY PLAN"):
            for *_, step in rows:
                self.assertNotIn("TEMP B-TREE", step)
                if step.startswith("SCAN"):  # of the few rows that an inner query found
                    self.assertRegex(step, r"^SCAN (counted|newer|CONSTANT ROW)|\(subquery")
                if " e " in step:
                    self.assertRegex(step, r"USING (COVERING INDEX|PRIMARY KEY) \(timeline_id=\? AND activity_id[>=<]")


class PostgreSQLPlanTests(PlanTests, TestCase):
    databases = {"default", "postgresql"}
    using = "postgresql"
    deeper = 4
    """Pages more that a tree of a million rows has from the root to a leaf, in both tables."""

    def plans(self, statements):
        for ((plan,),) in statements.explained("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"):
            yield (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]

    def nodes(self, plan):
        yield plan
        for part in plan.get("Plans", ()):
            yield from self.nodes(part)

    def cost(self, statements):
        """How many pages were read, from memory or disk."""
        return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in self.plans(statements))

    def assert_by_index(self, statements):
        for plan in self.plans(statements):
            for node in self.nodes(plan):
                self.assertNotEqual(node["Node Type"], "Seq Scan")
                self.assertLessEqual(node["Actual Rows"] * node["Actual Loops"], 100)
                self.assertEqual(node.get("Rows Removed by Filter", 0), 0)
