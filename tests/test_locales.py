"""The catalogues: complete, in step with the code, compiled, and what they make of sentences."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.test import SimpleTestCase, override_settings
from django.utils import translation

from django_feeds import notices, verbs
from django_feeds.sentences import group_text
from example_project.gitstream.feeds import CommitVerb
from example_project.pins.feeds import PinVerb
from tests.conftest import unavailable
from tests.edges.test_sentences import SentenceTestCase
from tests.testapp.verbs import Pin as UntranslatedVerb

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("de", "fr")
PACKAGE, EXAMPLE, WORDING = "django_feeds/locale", "example_project/locale", "example_project/wording"
FILES = sorted(
    path.relative_to(ROOT).as_posix() for top in (PACKAGE, EXAMPLE, WORDING) for path in ROOT.glob(f"{top}/*/*/*.po")
)
each_file = pytest.mark.parametrize("file", FILES)
each_language = pytest.mark.parametrize("language", LANGUAGES)

BLANK = re.compile(r"%(?:\((\w+)\))?([a-z])")
TAG = re.compile(r"<[^>]*>")
CODE = re.compile(r"<[^>]*>|\['\w+'\]")


def catalogue(file: str) -> Catalog:
    with open(ROOT / file, "rb") as stream:
        return read_po(stream, locale=Path(file).parts[-3])


def messages(catalog: Catalog) -> dict[tuple[str | None, tuple[str, ...]], tuple[str, ...]]:
    """Texts by context and English, each in all its forms."""
    return {(context(message), forms(message.id)): forms(message.string) for message in catalog if message.id}


def context(message: Message) -> str | None:
    """Babel's reader of compiled catalogues leaves it as it is stored."""
    return message.context.decode() if isinstance(message.context, bytes) else message.context


def forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_the_languages_of_the_package_are_those_of_the_example():
    for top in (PACKAGE, EXAMPLE):
        assert [f"{top}/{language}/LC_MESSAGES/django.po" for language in LANGUAGES] == [
            file for file in FILES if file.startswith(top)
        ]


@each_file
def test_nothing_is_left_untranslated(file):
    catalog = catalogue(file)
    bad = [
        message.id
        for message in catalog
        if message.id
        and (
            message.fuzzy
            or not all(forms(message.string))
            or len(forms(message.string)) != (catalog.num_plurals if message.pluralizable else 1)
        )
    ]

    assert bad == []
    assert len(catalog) > 0
    assert not catalog.fuzzy
    assert not catalog.obsolete


@each_file
def test_blanks_and_tags_are_those_of_the_english(file):
    for (_, english), said in messages(catalogue(file)).items():
        one, *rest = (set(BLANK.findall(text)) for text in english)
        several = rest[0] if rest else one
        for number, text in enumerate(said):
            blanks = set(BLANK.findall(text))
            # One thing may be counted as well, as French does with none.
            assert (one if number == 0 else several) <= blanks <= one | several, text
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(english[0])), text


@each_file
def test_quotation_marks_are_those_of_the_language(file):
    marks = {"de": "„“", "fr": "«»"}[Path(file).parts[-3]]
    for (_, english), said in messages(catalogue(file)).items():
        for text in said:
            bare = CODE.sub("", text)
            assert not re.search("[\"']", bare), text
            if "“" in english[0]:
                assert set(marks) <= set(bare), text
            if marks == "«»":
                assert not re.search(r"« | »|[^\u00a0\u202f][:;?!](\s|$)", bare), text


@each_file
def test_what_is_compiled_is_what_is_written(file):
    with open((ROOT / file).with_suffix(".mo"), "rb") as stream:
        compiled = messages(read_mo(stream))

    assert compiled == messages(catalogue(file)), f"{file}: run django-admin compilemessages"


@each_language
def test_the_example_says_nothing_else_than_the_package(language):
    package, example = (messages(catalogue(f"{top}/{language}/LC_MESSAGES/django.po")) for top in (PACKAGE, EXAMPLE))
    shared = package.keys() & example.keys()

    assert shared
    assert {name: example[name] for name in shared} == {name: package[name] for name in shared}


def test_other_wordings_are_those_of_phrases_that_there_are():
    package, wording = (messages(catalogue(f"{top}/de/LC_MESSAGES/django.po")) for top in (PACKAGE, WORDING))

    assert wording.keys() <= package.keys()
    assert all(wording[name] != package[name] for name in wording)


@pytest.mark.parametrize("top", [PACKAGE, EXAMPLE])
def test_every_text_of_the_code_is_in_the_catalogues(top, tmp_path):
    if shutil.which("xgettext") is None:
        unavailable("xgettext: none is installed: apt-get install gettext")
    here = tmp_path / "copy"
    shutil.copytree(ROOT / Path(top).parent, here, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    (here / "locale").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", "de", "--no-location"],
        cwd=here,
        env={**environment, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )

    marked = messages(catalogue(str(here / "locale/de/LC_MESSAGES/django.po"))).keys()

    for language in LANGUAGES:
        said = messages(catalogue(f"{top}/{language}/LC_MESSAGES/django.po")).keys()
        assert said ^ marked == set(), "run django-admin makemessages, translate, and run compilemessages"


# What readers see

NAMED = {
    "de": ["user0", "user0 und user1", "user0, user1 und 1 weitere Person", "user0, user1 und 3 weitere Personen"],
    "fr": ["user0", "user0 et user1", "user0, user1 et 1 autre", "user0, user1 et 3 autres"],
}
VERBS = {
    # One thing, by one and by several; three things; a thing of the reader's; three of his.
    ("de", verbs.Love): [
        ("mag pin 0", "mögen pin 0"),
        ("mag 3 Dinge", "mögen 3 Dinge"),
        ("mag etwas von dir (pin)", "mögen etwas von dir (pin)"),
        ("mag 3 deiner pins", "mögen 3 deiner pins"),
    ],
    ("fr", verbs.Love): [
        ("a aimé pin 0", "ont aimé pin 0"),
        ("a aimé 3 choses", "ont aimé 3 choses"),
        ("a aimé votre pin", "ont aimé votre pin"),
        ("a aimé 3 de vos pins", "ont aimé 3 de vos pins"),
    ],
    ("de", verbs.Comment): [
        ("hat pin 0 kommentiert", "haben pin 0 kommentiert"),
        ("hat 3 Dinge kommentiert", "haben 3 Dinge kommentiert"),
        ("hat etwas von dir kommentiert (pin)", "haben etwas von dir kommentiert (pin)"),
        ("hat 3 deiner pins kommentiert", "haben 3 deiner pins kommentiert"),
    ],
    ("fr", verbs.Comment): [
        ("a commenté pin 0", "ont commenté pin 0"),
        ("a commenté 3 choses", "ont commenté 3 choses"),
        ("a commenté votre pin", "ont commenté votre pin"),
        ("a commenté 3 de vos pins", "ont commenté 3 de vos pins"),
    ],
    ("de", verbs.Follow): [
        ("folgt pin 0", "folgen pin 0"),
        ("folgt 3 anderen", "folgen 3 anderen"),
        ("folgt etwas von dir (pin)", "folgen etwas von dir (pin)"),
        ("folgt 3 deiner pins", "folgen 3 deiner pins"),
    ],
    ("fr", verbs.Follow): [
        ("suit pin 0", "suivent pin 0"),
        ("a 3 nouveaux abonnements", "ont 3 nouveaux abonnements"),
        ("suit votre pin", "suivent votre pin"),
        ("suit 3 de vos pins", "suivent 3 de vos pins"),
    ],
    ("de", verbs.Add): [
        ("hat pin 0 hinzugefügt", "haben pin 0 hinzugefügt"),
        ("hat 3 Dinge hinzugefügt", "haben 3 Dinge hinzugefügt"),
        ("hat etwas von dir hinzugefügt (pin)", "haben etwas von dir hinzugefügt (pin)"),
        ("hat 3 deiner pins hinzugefügt", "haben 3 deiner pins hinzugefügt"),
    ],
    ("fr", verbs.Add): [
        ("a ajouté pin 0", "ont ajouté pin 0"),
        ("a ajouté 3 choses", "ont ajouté 3 choses"),
        ("a ajouté votre pin", "ont ajouté votre pin"),
        ("a ajouté 3 de vos pins", "ont ajouté 3 de vos pins"),
    ],
}
YOU = {
    ("de", verbs.Follow): ("user0 folgt dir", "user0 und user1 folgen dir"),
    ("fr", verbs.Follow): ("user0 vous suit", "user0 et user1 vous suivent"),
    ("de", verbs.Love): ("user0 mag dich", "user0 und user1 mögen dich"),
    ("fr", verbs.Love): ("user0 vous aime", "user0 et user1 vous aiment"),
    ("de", verbs.Comment): ("user0 hat dich kommentiert", "user0 und user1 haben dich kommentiert"),
    ("fr", verbs.Comment): (
        "user0 a laissé un commentaire sur vous",
        "user0 et user1 ont laissé un commentaire sur vous",
    ),
    ("de", verbs.Add): ("user0 hat dich hinzugefügt", "user0 und user1 haben dich hinzugefügt"),
    ("fr", verbs.Add): ("user0 a ajouté votre profil", "user0 et user1 ont ajouté votre profil"),
}


# The package as it is where no project words it anew.
@override_settings(LOCALE_PATHS=[])
class SentenceTests(SentenceTestCase):
    def test_of_each_verb_by_one_two_three_and_five(self):
        for (language, verb), said in VERBS.items():
            for number, named in zip((1, 2, 3, 5), NAMED[language], strict=True):
                for place, (objects, viewer) in enumerate(
                    [(self.pins[:1], None), (self.pins, None), (self.pins[:1], self.ann), (self.pins, self.ann)]
                ):
                    with translation.override(language):
                        text = self.text(self.users[:number], objects, verb, viewer=viewer)
                    self.assertEqual(text, f"{named} {said[place][number > 1]}")

    def test_what_is_done_to_the_reader(self):
        for (language, verb), said in YOU.items():
            with translation.override(language):
                texts = [self.text(self.users[:number], [self.ann], verb, viewer=self.ann) for number in (1, 2)]
            self.assertEqual(texts, list(said))

    def test_in_a_target(self):
        said = {
            "de": ["user0 mag pin 0 in Cats", "user0 hat pin 0 zu Cats hinzugefügt"],
            "fr": ["user0 a aimé pin 0 dans Cats", "user0 a ajouté pin 0 à Cats"],
        }
        for language, texts in said.items():
            with translation.override(language):
                self.assertEqual(
                    [self.text(self.users[:1], verb=verb, target=self.board) for verb in (verbs.Love, verbs.Add)], texts
                )

    def test_of_what_is_gone_and_of_different_verbs(self):
        said = {
            "de": ("etwas Gelöschtes mag etwas Gelöschtes", "user0 und user1 haben etwas mit pin 0 gemacht"),
            "fr": (
                "quelque chose de supprimé a aimé quelque chose de supprimé",
                "user0 et user1 ont fait quelque chose avec pin 0",
            ),
        }
        for language, (gone, different) in said.items():
            with translation.override(language):
                group = self.group(self.users[:1])
                group.last_activity.hydrate({})
                self.assertEqual(self.of(group), gone)
                group = self.group(self.users[:1])
                group.append(self.group(self.users[1:2], verb=verbs.Comment).last_activity)
                self.assertEqual(sorted(self.of(group)), sorted(different))

    def test_a_verb_that_nobody_translated_stands_among_what_is(self):
        with translation.override("fr"):
            self.assertEqual(
                self.text(self.users[:3], self.pins, UntranslatedVerb), "user0, user1 et 1 autre pinned 3 choses"
            )

    def of(self, group):
        return group_text(group, links=False)


class WordingTests(SentenceTestCase):
    """In the example, whose own words come first."""

    def test_it_knows_the_gender_of_what_it_has(self):
        said = {
            verbs.Love: ("mag deinen pin", "mögen deinen pin"),
            verbs.Comment: ("hat deinen pin kommentiert", "haben deinen pin kommentiert"),
            verbs.Follow: ("folgt deinem pin", "folgen deinem pin"),
        }
        with translation.override("de"):
            for verb, (one, several) in said.items():
                self.assertEqual(self.text(self.users[:1], verb=verb, viewer=self.ann), f"user0 {one}")
                self.assertEqual(self.text(self.users[:2], verb=verb, viewer=self.ann), f"user0 und user1 {several}")

    def test_its_phrases_are_right_for_one_and_for_several(self):
        said = {
            "de": ["1 Fundstück, gepinnt von Ann", "3 Fundstücke, gepinnt von Ann", "Ein Commit von Ann"],
            "fr": ["1 trouvaille épinglée par Ann", "3 trouvailles épinglées par Ann", "Un commit par Ann"],
        }
        for language, texts in said.items():
            with translation.override(language):
                pinned = [str(PinVerb.group_phrase % {"actors": "Ann", "count": count}) for count in (1, 3)]
                committed = str(CommitVerb.group_phrase % {"actors": "Ann", "count": 1})
            self.assertEqual([*pinned, committed], texts)


class NumberTests(SimpleTestCase):
    def test_french_counts_none_like_one(self):
        with translation.override("fr"):
            badges = [notices.text_of("unseen", number) for number in (0, 1, 2)]
            bars = [notices.text_of("bar", number) for number in (0, 1, 2)]

        self.assertEqual(badges, ["0 nouvelle notification", "1 nouvelle notification", "2 nouvelles notifications"])
        self.assertEqual(bars, ["0 nouveauté", "1 nouveauté", "2 nouveautés"])

    def test_german_does_not(self):
        with translation.override("de"):
            badges = [notices.text_of("unseen", number) for number in (0, 1, 2)]

        self.assertEqual(badges, ["0 neue Benachrichtigungen", "1 neue Benachrichtigung", "2 neue Benachrichtigungen"])

    def test_scripts_are_told_which_number_takes_which_form(self):
        said = {
            "de": ('["{} neue Einträge", "{} neuer Eintrag"]', "010"),
            "fr": ('["{} nouveauté", "{} nouveautés"]', "001"),
        }
        for language, (known, which) in said.items():
            with translation.override(language):
                forms, digits = notices.texts("bar", language)
            self.assertEqual((forms, digits[:3]), (known, which))
