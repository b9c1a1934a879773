from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_feeds.cursors import Cursor
from django_feeds.exceptions import InvalidCursor
from django_feeds.ids import make_id


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1), st.integers(0, 2**32 - 1))
def test_a_cursor_comes_back_from_a_url(ms, digest, position):
    cursor = Cursor(make_id(ms, digest), position)

    assert Cursor.parse(str(cursor)) == cursor
    assert str(cursor).replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=40))
def test_garbage_is_refused(text):
    with suppress(InvalidCursor):
        assert str(Cursor.parse(text)) == text


@pytest.mark.parametrize("text", ["", "abc", "é" * 22, "A" * 23, "../../etc", "AAAAAAAAAAAAAAAAAAAAA=", "A" * 500])
def test_what_no_page_gave_is_no_cursor(text):
    with pytest.raises(InvalidCursor):
        Cursor.parse(text)
