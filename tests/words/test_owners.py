import uuid

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils.functional import SimpleLazyObject

from django_feeds.exceptions import InvalidOwner, InvalidReference
from django_feeds.owners import Reference, owner_of, refer, reference_of
from tests.testapp.models import Board, Photo


def test_an_instance_is_its_label_and_pk():
    assert refer(Board(pk=5)) == Reference("testapp.Board", 5)
    assert str(refer(Board(pk=5))) == "testapp.Board:5"


def test_a_proxy_is_its_concrete_model():
    class BoardProxy(Board):
        class Meta:
            proxy = True
            app_label = "testapp"

    assert refer(BoardProxy(pk=5)) == Reference("testapp.Board", 5)


def test_a_lazy_user_as_a_request_has_it_is_that_user():
    assert owner_of(SimpleLazyObject(lambda: User(pk=13))) == "13"


def test_a_pair_takes_the_pk_in_the_models_type():
    id = uuid.uuid4()

    assert refer(("testapp.Board", "5")) == refer(("testapp.Board", 5))
    assert refer(("testapp.Photo", str(id))) == Reference("testapp.Photo", id)


def test_references_come_back_from_text():
    for reference in [refer(Board(pk=5)), refer(Photo())]:
        assert Reference.parse(str(reference)) == reference


def test_a_row_of_an_app_that_is_gone_keeps_its_name():
    assert Reference.parse("gone.Thing:5") == Reference("gone.Thing", "5")


@pytest.mark.parametrize("value", [Board(), None, True, 1.5, ("testapp.Board",), ("nowhere.Thing", 5), ""])
def test_what_names_no_row_is_refused(value):
    with pytest.raises(InvalidReference):
        refer(value, "testapp.Board")


def test_an_unsaved_instance_is_told_to_be_saved():
    with pytest.raises(InvalidReference, match="not saved yet; save it before"):
        refer(Board())


def test_a_pk_of_the_wrong_type_is_refused():
    with pytest.raises(InvalidReference, match="cannot be the pk of a testapp.Photo"):
        refer(("testapp.Photo", "five"))


def test_users_own_feeds_by_their_pk_and_others_by_label_too():
    assert owner_of(User(pk=13)) == owner_of(13) == owner_of("13") == "13"
    assert owner_of(Board(pk=5)) == owner_of(("testapp.Board", 5)) == "testapp.Board:5"


def test_an_owner_leads_back_to_the_row():
    assert reference_of("13") == Reference("auth.User", 13)
    assert reference_of("testapp.Board:5") == Reference("testapp.Board", 5)


@pytest.mark.parametrize("value", [AnonymousUser(), User(), None, ""])
def test_nobody_owns_no_feed(value):
    with pytest.raises(InvalidOwner, match="can own no feed"):
        owner_of(value)


@pytest.mark.parametrize("owner", ["nowhere.Thing:5", "five", "testapp.Photo:five"])
def test_an_owner_that_cannot_be_is_refused(owner):
    with pytest.raises(InvalidOwner):
        reference_of(owner)
