import pytest
from django.utils import translation

from django_feeds import verbs
from django_feeds.exceptions import UnknownVerb, VerbClash
from django_feeds.verbs import Add, Comment, Follow, Love, Verb, get_verb_by_id, register, verb_or_placeholder


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(verbs, "_verbs", dict(verbs._verbs))
    monkeypatch.setattr(verbs, "clashes", [])


class Hug(Verb):
    id = 900
    infinitive = "hug"
    past_tense = "hugged"


def test_the_four_built_in_verbs_have_the_ancestors_ids():
    assert [get_verb_by_id(id) for id in (1, 2, 3, 4)] == [Follow, Comment, Love, Add]


def test_a_registered_verb_is_found_by_its_id():
    register(Hug)

    assert get_verb_by_id(900) is Hug
    assert str(Hug()) == "hug"
    assert Hug.phrase == "%(actor)s hugged %(object)s"


def test_registering_twice_is_harmless():
    register(Hug)
    register(Hug)

    assert verbs.clashes == []


def test_a_clash_is_remembered_and_raised_on_use_with_both_names():
    register(Hug)

    @register
    class Kiss(Verb):
        id = 900
        infinitive = "kiss"
        past_tense = "kissed"

    assert verbs.clashes == [(Hug, Kiss)]
    with pytest.raises(VerbClash, match=r"Hug and .*Kiss both have the id 900"):
        get_verb_by_id(900)


def test_an_unknown_verb_is_an_error_in_code_and_a_placeholder_on_a_page():
    with pytest.raises(UnknownVerb, match="No verb is registered under 901"):
        get_verb_by_id(901)

    placeholder = verb_or_placeholder(901)
    assert placeholder.id == 901
    assert placeholder.phrase % {"actor": "Ann", "object": "it"} == "Ann did something with it"


@pytest.mark.parametrize("attributes", [{"id": 0}, {"id": 40_000}, {"id": "5"}, {"infinitive": ""}, {"past_tense": ""}])
def test_a_verb_that_lacks_something_is_refused(attributes):
    broken = type("Broken", (Hug,), attributes)

    with pytest.raises(TypeError, match="Broken must define"):
        register(broken)


def test_only_verbs_are_registered():
    with pytest.raises(TypeError, match="subclass of Verb"):
        register(Hug())


def test_phrases_are_translated_when_shown():
    with translation.override("en"):
        assert str(Love.phrase) % {"actor": "Ann", "object": "it"} == "Ann loved it"
    assert str(Love.group_phrase[1] % {"actors": "Ann and Bob", "object": "it", "count": 1}) == "Ann and Bob loved it"
