from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_feeds.exceptions import InvalidActivity
from django_feeds.ids import (
    MAX_ID,
    MIN_ID,
    after,
    before,
    digest48,
    id_time,
    make_id,
    milliseconds,
    pack,
    unpack,
)

times = st.integers(0, 2**48 - 1)
digests = st.integers(0, 2**48 - 1)


@given(times, digests)
def test_an_id_is_a_uuid_of_version_8(ms, digest):
    id = make_id(ms, digest)

    assert id.version == 8
    assert id.variant == "specified in RFC 4122"


@given(times, digests, times, digests)
def test_ids_sort_by_time_then_digest_as_uuids_bytes_and_packed(ms, digest, other_ms, other_digest):
    one, other = make_id(ms, digest), make_id(other_ms, other_digest)

    expected = (ms, digest) < (other_ms, other_digest)
    assert (one < other) is expected
    assert (one.bytes < other.bytes) is expected
    assert (pack(one) < pack(other)) is expected
    assert (str(one) < str(other)) is expected


@given(times, digests)
def test_twelve_bytes_are_enough(ms, digest):
    id = make_id(ms, digest)

    assert len(pack(id)) == 12
    assert unpack(pack(id)) == id


@given(times, st.integers(1, 2**48 - 2))
def test_neighbours_are_the_nearest_possible_ids_and_fit_twelve_bytes(ms, digest):
    id = make_id(ms, digest)

    assert before(id) == make_id(ms, digest - 1) < id < after(id) == make_id(ms, digest + 1)
    assert unpack(pack(before(id))) == before(id)


def test_the_borders_have_no_neighbours_beyond():
    assert before(MIN_ID) == MIN_ID
    assert after(MAX_ID) == MAX_ID
    assert MIN_ID < make_id(0, 1) < make_id(2**48 - 1, 2**48 - 2) < MAX_ID


def test_a_digest_is_the_same_everywhere_and_never_zero():
    assert digest48("a") == 0x433911C6EB0D
    assert digest48("a") != digest48("b")
    assert 0 < digest48("") < 2**48


def test_the_id_tells_the_time_to_the_millisecond():
    time = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=timezone.utc)

    assert id_time(make_id(milliseconds(time), 5)) == time.replace(microsecond=123_000)


def test_milliseconds_are_exact_whatever_the_zone():
    time = datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=5)))

    assert milliseconds(time) == milliseconds(time.astimezone(timezone.utc))
    assert milliseconds(time) % 1000 == 999


def test_a_time_before_1970_is_refused_with_the_range():
    with pytest.raises(InvalidActivity, match="1970"):
        make_id(-1, 1)


def test_an_id_is_what_the_rfc_says_bit_by_bit():
    id = make_id(0x0123456789AB, 0xCDEF01234567)

    assert id == UUID("01234567-89ab-8cde-bc04-8d159c000000")
