from django_feeds.verbs import Verb, register


@register
class Pin(Verb):
    id = 105
    infinitive = "pin"
    past_tense = "pinned"
    object_model = "testapp.Pin"
    phrase_with_target = "%(actor)s pinned %(object)s to %(target)s"


@register
class Shoot(Verb):
    id = 106
    infinitive = "shoot"
    past_tense = "shot"
