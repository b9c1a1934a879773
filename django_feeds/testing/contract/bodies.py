"""Bodies, kept once or in each row or not at all; and honest flags about it."""

from __future__ import annotations

from .case import ContractCase, entries, entry

__all__ = ["BodiesContract"]


class BodiesContract(ContractCase):
    def test_a_storage_that_keeps_bodies_gives_them_back(self):
        if not self.storage.keeps_bodies:
            return
        one, two, missing = (entry(ms, self.prefix).id for ms in (1, 2, 3))
        self.addCleanup(self.storage.forget, [one, two])

        for _ in range(2):
            self.storage.put({one: '{"a": "é"}', two: '"two"'}, at=self.later())

        self.assertEqual(self.storage.get([one, two, missing]), {one: '{"a": "é"}', two: '"two"'})
        self.assertEqual(self.storage.get([]), {})

    def test_a_body_that_is_there_is_replaced(self):
        if self.storage.keeps_bodies:
            id = entry(1, self.prefix).id
            self.addCleanup(self.storage.forget, [id])

            self.storage.put({id: '"old"'}, at=self.later())
            self.storage.put({id: '"new"'}, at=self.later())

            self.assertEqual(self.storage.get([id]), {id: '"new"'})

    def test_a_body_may_hold_half_of_a_surrogate_pair_as_json_may(self):
        if self.storage.keeps_bodies:
            whole, half = (entry(ms, self.prefix).id for ms in (1, 2))
            self.addCleanup(self.storage.forget, [whole, half])

            self.storage.put({whole: '"\U0001f44b"', half: '"\ud800"'}, at=self.later())

            self.assertEqual(self.storage.get([whole, half]), {whole: '"\U0001f44b"', half: '"\ud800"'})

    def test_a_forgotten_body_is_gone(self):
        if self.storage.keeps_bodies:
            kept, gone = (entry(ms, self.prefix).id for ms in (1, 2))
            self.addCleanup(self.storage.forget, [kept])
            self.storage.put({kept: '"kept"', gone: '"gone"'}, at=self.later())

            for _ in range(2):
                self.storage.forget([gone])

            self.assertEqual(self.storage.get([kept, gone]), {kept: '"kept"'})

    def test_a_storage_that_keeps_none_takes_and_gives_none(self):
        if not self.storage.keeps_bodies:
            id = entry(1, self.prefix).id

            self.storage.put({id: '"body"'}, at=self.later())
            self.storage.forget([id])

            self.assertEqual(self.storage.get([id]), {})

    def test_a_slice_brings_no_bodies_but_those_of_its_entries(self):
        bodies = {each.id: f'"{each.id}"' for each in entries(1, 2, 3)}
        self.add(self.key, entries(1, 2, 3), bodies=bodies)
        self.addCleanup(self.storage.forget, list(bodies))
        self.storage.put(bodies, at=self.later())

        self.assertEqual(self.storage.slice(self.key, limit=2).entries, entries(3, 2))
        part = self.storage.slice(self.key, limit=2, with_bodies=True)

        expected = {each.id: bodies[each.id] for each in entries(3, 2)}
        self.assertLessEqual(part.bodies.items(), expected.items())
        if self.storage.bodies_in_rows:
            self.assertEqual(part.bodies, expected)

    def test_a_slice_says_of_bodies_that_are_not_there_that_they_are_not_or_nothing(self):
        if not self.storage.bodies_in_rows:
            self.add(self.key, entries(1, 2))

            part = self.storage.slice(self.key, limit=2, with_bodies=True)

            self.assertLessEqual(set(part.bodies), {each.id for each in part.entries})
            self.assertEqual(set(part.bodies.values()) - {None}, set())

    def test_unfitting_bodies_do_no_harm(self):
        self.add(self.key, entries(1), bodies={each.id: '"x"' for each in entries(1, 9)})

        self.assertEqual(self.read(), entries(1))
