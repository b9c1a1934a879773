import pytest
from django.apps import apps


@pytest.fixture(autouse=True)
def sound(celery_conf):
    celery_conf(
        broker_url="redis://localhost",
        task_serializer="json",
        accept_content=["json"],
        result_backend="django-db",
    )


def test_a_broker_and_results_are_all_it_takes(ids):
    assert ids({}) == []
    assert ids(TASKS="celery") == []


def test_without_a_broker_requests_do_the_work(ids, celery_conf, settings):
    celery_conf(broker_url=None)

    assert ids({}) == ["W001"]
    assert ids(TASKS="inline") == []  # said to be meant

    settings.DEBUG = True

    assert ids({}) == []


def test_without_any_setting_there_is_only_that(ids, celery_conf, settings):
    celery_conf(broker_url=None)
    del settings.DJANGO_FEEDS

    assert ids({}) == ["W001"]


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ({"task_serializer": "pickle", "accept_content": ["pickle", "json"]}, "E060"),
        ({"task_serializer": "yaml", "accept_content": ["json", "yaml"]}, "E060"),
        ({"accept_content": ["yaml"]}, "E060"),
        ({"accept_content": ["json", "pickle"]}, "W004"),
        ({"accept_content": ["application/json", "application/x-python-serialize"]}, "W004"),
        ({"result_backend": None}, "W003"),
        ({"result_backend": "disabled://"}, "W003"),
    ],
)
def test_celery_that_does_not_fit_is_found_once(ids, celery_conf, conf, expected):
    celery_conf(**conf)

    assert ids(TASKS="celery") == [expected]
    assert ids(TASKS="inline") == []


def test_results_in_a_database_need_the_app(ids, monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django_celery_results")

    assert ids(TASKS="celery") == ["W003"]


def test_other_results_do_not(ids, celery_conf):
    celery_conf(result_backend="redis://localhost")

    assert ids(TASKS="celery") == []


def test_workers_share_no_memory(found):
    feeds = {"user": {}, "timeline": {"STORAGE": "memory", "MAX_LENGTH": 10}}

    (message,) = found(TASKS="celery", FEEDS=feeds)

    assert message.id == "django_feeds.W002"
    assert "'timeline'" in message.msg
