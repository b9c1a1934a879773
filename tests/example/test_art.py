"""The drawn pictures."""

import xml.etree.ElementTree as ElementTree

import pytest

from example_project.pins import art
from example_project.pins.models import Category

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("category", Category.values)
@pytest.mark.parametrize("seed", range(8))
def test_a_picture_is_svg_of_the_promised_size(category, seed):
    root = ElementTree.fromstring(art.draw(category, seed, 'Salt & "sea" <3'))

    assert root.tag == f"{SVG}svg"
    assert (int(root.get("width")), int(root.get("height"))) == art.size(seed)
    assert root.find(f"{SVG}title").text == 'Salt & "sea" <3'
    assert len(list(root.iter())) > 10


def test_every_category_has_a_scene():
    assert set(Category.values) == set(art.SCENES)


@pytest.mark.parametrize("category", Category.values)
def test_a_seed_gives_one_picture_and_another_seed_another(category):
    assert art.draw(category, 7) == art.draw(category, 7)
    assert art.draw(category, 7) != art.draw(category, 11)


def test_a_picture_is_small_and_holds_neither_script_nor_style():
    for category in Category.values:
        text = art.draw(category, 3)
        assert len(text) < 12_000
        assert "script" not in text
        assert "style" not in text


def test_a_category_that_nobody_paints_becomes_a_pattern():
    assert art.draw("unheard-of", 4) == art.draw("pattern", 4)


def test_an_avatar_has_the_initials():
    assert ">AB</text>" in art.avatar(3, "Ada von Bell".replace("von ", ""))
    assert ">?</text>" in art.avatar(3, "")
    ElementTree.fromstring(art.avatar(3, "<&>"))


def test_pictures_are_served_for_caches(site, client):
    response = client.get(f"/item/{site.pin.item_id}.svg")

    assert response["Content-Type"] == "image/svg+xml"
    assert "max-age" in response["Cache-Control"]
    assert "Set-Cookie" not in response
    assert "Cookie" not in response.get("Vary", "")
    again = client.get(f"/item/{site.pin.item_id}.svg", headers={"if-none-match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/avatar/{site.ann.pk}.svg").status_code == 200
    assert client.get("/item/999999.svg").status_code == 404
