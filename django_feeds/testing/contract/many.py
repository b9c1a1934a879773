"""Many timelines, many entries, and keys of every kind."""

from __future__ import annotations

from ...ids import MAX_ID, MIN_ID
from .case import ContractCase, entries, entry

__all__ = ["ManyContract"]


class ManyContract(ContractCase):
    def test_one_entry_goes_to_2500_timelines_at_once(self):
        keys = self.new_keys(*(f"reader {number}" for number in range(2_500)))

        for each in entries(1, 2):
            self.add(keys, [each])

        slices = self.storage.slice_many(keys, limit=5)
        self.assertEqual(set(slices), set(keys))
        self.assertEqual({tuple(part.entries) for part in slices.values()}, {tuple(entries(2, 1))})

        self.remove(keys, [entry(1).id])
        self.trim(keys, 3)
        self.assertEqual([self.read(keys[0]), self.read(keys[-1])], [entries(2)] * 2)

        self.delete(keys)
        self.assertEqual([self.read(keys[0]), self.read(keys[-1])], [[], []])

    def test_2500_entries_go_to_one_timeline_at_once(self):
        many = entries(*range(1, 2_501))

        self.add(self.key, many, max_length=2_500)
        self.assertEqual(self.storage.slice(self.key, limit=2_500).entries, many[::-1])
        counted = min(2_500, self.storage.offset_limit or 2_500)
        self.assertEqual(self.storage.count(self.key, max_length=10_000), counted)

        self.remove(self.key, [each.id for each in many[:2_400]])
        self.assertEqual(self.storage.slice(self.key, limit=2_500).entries, many[:2_399:-1])

    def test_many_entries_go_to_many_timelines(self):
        keys = self.new_keys(*map(str, range(60)))
        grouped = [entry(ms, actor=ms, group=ms * 2) for ms in range(1, 61)]

        self.add(keys, grouped)

        self.assertEqual({tuple(self.read(key)) for key in keys}, {tuple(grouped[::-1])})

    def test_a_key_twice_is_one_timeline(self):
        self.add([self.key, self.key], entries(1))
        self.trim([self.key, self.key], 5)

        self.assertEqual(self.read(), entries(1))
        self.assertEqual(set(self.storage.slice_many([self.key, self.key], limit=1)), {self.key})

    def test_timelines_that_are_there_and_missing_ones_mix(self):
        old, new, other = self.new_keys("old", "new", "other")
        self.add(old, entries(1, 2))
        self.add(other, entries(2))

        self.add([old, new], entries(3))
        self.remove([old, new, self.new_key("missing")], [entry(2).id])

        self.assertEqual(self.read(old), entries(3, 1))
        self.assertEqual(self.read(new), entries(3))
        self.assertEqual(self.read(other), entries(2))

    def test_many_slices_are_like_one_each(self):
        full, short, empty, missing = keys = self.new_keys("full", "short", "empty", "missing")
        self.add(full, entries(*range(1, 21)), floor=MIN_ID)
        self.add(short, [entry(3, actor=4, group=5)])
        self.add(empty, [], floor=MIN_ID)

        for options in (
            {"limit": 1},
            {"limit": 5},
            {"limit": 5, "before": entry(4).id},
            {"limit": 5, "before": entry(1).id},
        ):
            with self.subTest(**options):
                one_by_one = {key: self.storage.slice(key, **options) for key in keys}
                self.assertEqual(self.storage.slice_many(keys, **options), one_by_one)
        self.assertEqual(self.storage.slice_many([missing], limit=5)[missing].floor, MAX_ID)
        self.assertEqual(self.storage.slice_many([], limit=5), {})

    def test_floors_of_many_timelines_are_lowered_at_once(self):
        keys = self.new_keys(*map(str, range(30)))
        self.add(keys[:15], entries(9))

        self.add(keys, entries(4, 5), floor=entry(3).id)

        slices = self.storage.slice_many(keys, limit=5)
        self.assertEqual({slices[key].floor for key in keys}, {entry(3).id})
        self.assertEqual(slices[keys[0]].entries, entries(9, 5, 4))
        self.assertEqual(slices[keys[20]].entries, entries(5, 4))

    def test_keys_are_text_of_every_kind(self):
        names = [
            "13",
            "pins.Board:5",
            "größe",
            "grosse",
            "GRÖSSE",
            "日本",
            "👋🏽",
            "a b",
            "a",
            "A",
            "á",
            "a%s",
            "a_",
            "'\"\\",
        ]
        keys = self.new_keys(*names)

        for number, key in enumerate(keys, 1):
            self.add(key, entries(number))

        self.assertEqual([self.read(key) for key in keys], [entries(number) for number in range(1, len(keys) + 1)])
        self.assertEqual(self.storage.slice_many(keys, limit=1)[keys[3]].entries, entries(4))

    def test_a_key_may_end_in_a_space(self):
        bare, spaced = self.new_keys("a", "a ")
        self.add(bare, entries(1))

        self.assertEqual(self.read(spaced), [])

    def test_keys_may_have_200_characters(self):
        key = self.new_key("é" * 200)
        self.add(key, entries(1))

        self.assertEqual(self.read(key), entries(1))
