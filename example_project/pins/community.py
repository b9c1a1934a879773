"""The words of the invented community: what people are called, what they like, and what they say about it."""

from __future__ import annotations

from typing import NamedTuple

DEMO = "demo"
"""User name and password of the user that visitors sign in as."""


class Interest(NamedTuple):
    """What people with an interest do: name boards, give titles, comment."""

    boards: list[str]
    openings: list[str]
    places: list[str]
    comments: list[str]


FIRST_NAMES = """
Ada Aisha Alma Amara Amir Ana Anders Anika Anton Aoife Arjun Asha Astrid Ayla Bela Benno Bianca Bjorn Bruno Camille
Carla Carlos Chiara Chloe Clara Dara Dario Daniel Devi Diego Edda Elena Eli Elif Emil Emma Enzo Esra Esther Eva Farah
Felix Fatima Finn Fiona Frida Gabriel Gita Grace Greta Hana Hugo Ida Idris Ilse Imani Ines Inga Iris Ivan Jana Jasper
Joana Jonas Jun Kai Kamala Karim Katja Kenji Kira Lars Laila Lea Leo Lina Lior Lola Luca Lucia Maja Malik Mara Marco
Maren Marta Mateo Mei Mila Mina Mira Moses Nadia Naomi Nora Noor Nils Olga Olivia Omar Oskar Paula Pia Priya Quinn
Rafael Rana Rhea Rosa Ruben Sami Sana Sara Selma Signe Silas Sofia Stella Sven Tara Tessa Theo Tilda Tomas Uma Vera
Viktor Wanda Yara Yuki Yusuf Zara Zoe
""".split()
LAST_NAMES = """
Abe Achebe Adler Ahmed Almeida Andersen Aoki Aslan Bakker Bauer Becker Bellini Berg Bianchi Blom Brandt Bruun Castro
Chen Costa Cruz Dahl Das Demir Diaz Dubois Eriksen Farouk Fischer Fontaine Frank Gallo Garcia Gomez Grant Gupta Haas
Hansen Hassan Hayashi Holm Horvat Ito Ivanova Jansen Jensen Joshi Kaya Keller Khan Kim Klein Kovacs Kowalski Lang
Larsen Laurent Lee Lehmann Lindgren Lopez Lund Mahmoud Marin Marino Martins Mbeki Meyer Mori Moreau Murphy Nair Nakano
Ng Nielsen Novak Nwosu Okafor Olsen Ortega Osei Park Patel Pereira Petrov Quist Rahman Ramos Reyes Ricci Rossi Roux
Sato Schmidt Shah Silva Simon Singh Sorensen Steiner Suzuki Tan Thomsen Torres Tran Vargas Vidal Vogel Wagner Walsh
Weber Winter Wolf Wong Yamada Yilmaz Young Zhang Ziegler
""".split()

INTERESTS: dict[str, Interest] = {
    "peaks": Interest(
        ["High places", "Weekend hikes", "Above the clouds", "Huts and summits", "Alpine light"],
        ["First light on", "The long way up", "Fog below", "Ridge walk along", "Last sun over", "A cold morning at"],
        ["the Watzmann", "Kebnekaise", "Mount Aoraki", "the Dolomites", "Pico Turquino", "Triglav", "the Tatras"],
        ["Six hours up, worth each of them.", "The hut at the saddle has the best soup.", "Next summer!"],
    ),
    "sea": Interest(
        ["Salt water", "Sailing plans", "Blue hours", "Coast to coast", "Harbours"],
        ["Evening sail off", "Slack water near", "The ferry to", "A calm day around", "Swimming at", "Leaving"],
        ["Skagen", "Naxos", "the Outer Hebrides", "Lofoten", "Cabo Polonio", "Hvar", "the Wadden Sea"],
        ["No wind at all, and nobody minded.", "I can smell the tar.", "That turquoise is not a filter."],
    ),
    "forest": Interest(
        ["Into the woods", "Mushroom spots (secret)", "Green and quiet", "Cabins", "Moss"],
        ["Fog between the firs of", "A path through", "After the rain in", "Old growth near", "Silence in"],
        ["the Black Forest", "Koli", "the Bialowieza", "Shirakami", "the Harz", "Redwood Creek", "Hallerbos"],
        ["You can hear the drops fall.", "Found chanterelles right behind this.", "Want this as a wallpaper."],
    ),
    "city": Interest(
        ["City lights", "Night walks", "Skylines", "Rooftops", "Places to live one day"],
        ["Midnight in", "Windows of", "The last tram through", "Blue hour over", "From a roof in", "Rain and neon in"],
        ["Osaka", "Rotterdam", "Chicago", "Sao Paulo", "Warsaw", "Singapore", "Montreal"],
        ["Somebody is always awake there.", "My old flat is the third lit window.", "The moon did the work."],
    ),
    "desert": Interest(
        ["Dry and beautiful", "Dunes", "Road trips south", "Heat", "Sand and stars"],
        ["Noon in", "Dune lines of", "Driving across", "A red evening in", "Shade, at last, in"],
        ["the Namib", "Wadi Rum", "the Atacama", "Joshua Tree", "the Tabernas", "Merzouga", "the Thar"],
        ["Bring twice the water you think.", "The colours change every five minutes.", "So quiet it rings."],
    ),
    "space": Interest(
        ["Other worlds", "Night sky", "Posters for a rocket", "Planets I would visit", "Far out"],
        ["Rings of", "Arriving at", "A postcard from", "Morning on", "Two moons over", "Drifting past"],
        ["Kepler-22b", "Saturn, as I remember it", "Gliese 581", "Tau Ceti", "the outer belt", "Proxima b"],
        ["Not to scale, thankfully.", "Printed this for the kids' room.", "One ticket, please."],
    ),
    "garden": Interest(
        ["Cut flowers", "Balcony jungle", "Cottage garden", "Things that bloom in May", "Seeds to try"],
        ["Wildflowers by", "What grew at", "A bunch from", "Late summer in", "Cosmos and poppies at", "Self-sown in"],
        ["the back fence", "grandmother's plot", "the allotment", "Kew", "the railway bank", "our street"],
        ["Sown in April, forgotten until July.", "The bees agree.", "Does anybody know the pink one?"],
    ),
    "pattern": Interest(
        ["Tiles", "Bauhaus forever", "Patterns to print", "Quilts", "Grid love"],
        ["Tile study", "Quarter circles", "Pattern for a kitchen", "Screen print", "Quilt block", "Study of shapes"],
        ["no. 4", "no. 9", "in five colours", "from Lisbon", "after Albers", "for a rainy day", "no. 17"],
        ["It repeats, and it never repeats.", "Would make a fine bathroom floor.", "The yellow carries it."],
    ),
    "pottery": Interest(
        ["Clay", "Stoneware", "Vases I cannot afford", "Studio shelf", "Glaze tests"],
        ["Three vases,", "Shelf in the studio,", "Wood fired,", "Wheel thrown,", "Family portrait,", "New glaze,"],
        ["tenmoku", "celadon", "raw stoneware", "white slip", "ash glaze", "second firing", "Bizen style"],
        ["The small one is my favourite.", "That glaze ran exactly far enough.", "Kiln opens on Friday."],
    ),
    "arches": Interest(
        ["Arches and shadows", "Houses I like", "Courtyards", "Stairs", "Architecture notes"],
        ["Arcade in", "Noon shadows at", "The courtyard of", "Steps down to", "A cloister in", "Terracotta in"],
        ["Bologna", "Cordoba", "Jaipur", "Oaxaca", "Calpe", "Marrakesh", "Dubrovnik"],
        ["The light does all the drawing.", "Count the steps.", "I would never leave this courtyard."],
    ),
}

GENERAL_COMMENTS = ["", "", "", "", "Lovely.", "Saving this for later.", "This one!", "For the moodboard.", "Wow."]


class Exchange(NamedTuple):
    """Something that people say under a pin, and what others answer."""

    opening: str
    answers: list[str]


TALK: dict[str, list[Exchange]] = {
    "peaks": [
        Exchange("Is the hut open in October?", ["Until the middle of the month, then only the winter room."]),
        Exchange("How long did you take to the top?", ["Five hours, with a long breakfast.", "Longer than I admit."]),
        Exchange("That ridge gives me vertigo on a screen.", ["There is a cable where it gets narrow."]),
    ],
    "sea": [
        Exchange(
            "Is that before or after the storm?", ["Before. An hour later you saw nothing.", "After, I would say."]
        ),
        Exchange("We anchored right there last summer!", ["Then you know about the wasps.", "Lucky you."]),
        Exchange("What is the water like in May?", ["Cold. Bring somebody who goes first."]),
    ],
    "forest": [
        Exchange("I know this path, it floods in spring.", ["True. Take the one over the ridge then."]),
        Exchange(
            "Did you find any mushrooms?", ["A basket full. Not telling where.", "Only the beautiful deadly ones."]
        ),
        Exchange("One can nearly smell it.", ["Wet leaves and a little smoke."]),
    ],
    "city": [
        Exchange("Which roof is this taken from?", ["The car park behind the station, top level."]),
        Exchange("I used to live behind that tower.", ["Is the noodle shop still there?", "Then you miss it, too."]),
        Exchange("How long was the exposure?", ["Eight seconds, on a railing.", "Long enough to get cold."]),
    ],
    "desert": [
        Exchange("Did you need a guide?", ["For the dunes yes, for the road no."]),
        Exchange("No clouds at all, how?", ["It is like that for ten months a year."]),
        Exchange("My sand-coloured dream.", ["Mind the sand in the camera."]),
    ],
    "space": [
        Exchange("The rings are the best part.", ["They always are.", "I like the small moon more."]),
        Exchange("Could I print this as a poster?", ["Please do, and send a picture of the wall."]),
        Exchange("When do we leave?", ["As soon as somebody pays for the fuel."]),
    ],
    "garden": [
        Exchange("What is the tall blue one?", ["A delphinium, before the snails found it.", "Larkspur?"]),
        Exchange("Do you water them every day?", ["Never. They sulk, then they bloom."]),
        Exchange("Seeds, please!", ["I will collect some in September.", "Get in line."]),
    ],
    "pattern": [
        Exchange("This would make a lovely scarf.", ["Or a floor.", "I would wear it."]),
        Exchange("How many colours is that?", ["Four, and the paper.", "Five, if you count the mistake."]),
        Exchange("I keep finding new shapes in it.", ["Look at it upside down."]),
    ],
    "pottery": [
        Exchange("What glaze is on the left one?", ["Tenmoku over a white slip.", "I would like to know, too."]),
        Exchange("Do you sell them?", ["Twice a year, at the studio sale."]),
        Exchange("The crack makes it.", ["That is what I tell myself.", "Agreed."]),
    ],
    "arches": [
        Exchange("What time of day was this?", ["About four, in late October."]),
        Exchange("I have stood exactly there.", ["Then you know about the cat.", "It is even quieter in winter."]),
        Exchange("That staircase leads nowhere, does it?", ["To a locked door. I tried."]),
    ],
}
GENERAL_TALK = [
    Exchange("This made my morning.", ["Mine, too."]),
    Exchange(
        "Where did you find this?", ["It is on the page that is linked.", "In an old magazine, believe it or not."]
    ),
    Exchange("Stealing this for my own board.", ["That is what it is there for."]),
    Exchange("Your boards get better every week.", ["Thank you!", "They do."]),
]
MENTIONS = [
    "@{friend} have you seen this?",
    "Isn't this the place that you told me about, @{friend}?",
    "@{friend} this one has your name on it.",
    "We have to go there, @{friend}.",
]
THANKS = ["I had not, thank you!", "Oh, I want to go there.", "You know me too well.", "Now I have, and I love it."]
"""What those say who were called."""
