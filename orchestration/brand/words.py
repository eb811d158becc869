"""Names, places, devices: the words the brand is made of.

What lives here: word lists and the country table.
What never does: draws.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_NAMES = {
    "en": "Olivia Emma Ava Sophia Mia Amelia Harper Evelyn Ella Grace Chloe Zoe Nora Lily Hannah "
    "Liam Noah Oliver James Lucas Henry Mason Ethan Logan Jack Owen Caleb Wyatt Aaron Sean "
    "Megan Tara Joan Denise Rachel Paula Kayla Brooke Dana Robin Marcus Andre Tyrone Keith Glenn",
    "de": "Anna Lea Lena Marie Sophie Jana Katrin Heike Ute Sabine Jörg Jürgen Björn Lukas Felix "
    "Max Paul Jonas Tim Finn Moritz Niklas Uwe Günther Käthe",
    "fr": "Camille Léa Manon Chloé Inès Zoé Aurélie Hélène Margaux Élodie Hugo Louis Jules Théo "
    "Gaël François Benoît Rémi Luc Noël",
    "ja": "Yui Aoi Hina Sakura Rin Mei Haruto Yuto Sota Ren Kaito Riku Daiki Kenji Naoki",
}
LAST_NAMES = {
    "en": "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez "
    "Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White "
    "Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres "
    "Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts "
    "O'Brien O'Neill Smith-Jones McDonald Núñez Peña",
    "de": "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch "
    "Bauer Richter Klein Wolf Schröder Neumann Schwarz Krüger Weiß Groß Jäger Vogel",
    "fr": "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent "
    "Lefèvre Michel Garnier Faure Rousseau Blanc Guérin Besançon D'Angelo",
    "ja": "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida",
}
STREETS = {
    "en": "Main Street;Oak Avenue;Maple Drive;Cedar Lane;Park Road;Lake View;Hill Street;Church Rd",
    "de": "Hauptstraße;Gartenweg;Bahnhofstr.;Lindenallee;Schulstraße;Am Markt",
    "fr": "rue de la Paix;avenue Foch;rue Victor Hugo;place du Marché;bd. Voltaire",
    "ja": "Shibuya;Ginza;Umeda;Sakae",
}
_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue", "'": "", "-": ""}
    | dict(zip("éèëêÉàáçñíïîô", "eeeeeaacniiio", strict=True))
)


def plain(word: str) -> str:
    """A word as people write it in an e-mail address."""
    return word.translate(_PLAIN).lower()


@dataclass(frozen=True)
class Country:
    """Where a person lives: share of all persons, shop, language and the shape of a phone number.

    ``phone`` is (calling code, trunk prefix, leading groups, width of the middle, of the last).
    ``tax`` is the rate in 1/10,000; in the United States the region decides.
    """

    code: str
    share: float
    shop: int
    language: str
    mail_domains: tuple[str, ...]
    phone: tuple[str, str, tuple[str, ...], int, int]
    tax: int
    places: tuple[tuple[str, str | None, str], ...]


_US_PHONE = ("1", "", ("212", "310", "415", "646", "512", "305", "206", "617", "312"), 3, 4)
_US_PLACES = (
    ("Los Angeles", "CA", "900"),
    ("San Francisco", "CA", "941"),
    ("San Diego", "CA", "921"),
    ("New York", "NY", "100"),
    ("Brooklyn", "NY", "112"),
    ("Austin", "TX", "787"),
    ("Houston", "TX", "770"),
    ("Miami", "FL", "331"),
    ("Seattle", "WA", "981"),
    ("Portland", "OR", "972"),
    ("Chicago", "IL", "606"),
    ("Boston", "MA", "021"),
    ("Denver", "CO", "802"),
    ("Richmond", "VA", "232"),
    ("Atlanta", "GA", "303"),
    ("Phoenix", "AZ", "850"),
    ("Columbus", "OH", "432"),
    ("Detroit", "MI", "482"),
    ("Nashville", "TN", "372"),
    ("Newark", "NJ", "071"),
)
US_TAX = {
    "CA": (725, 200), "NY": (400, 450), "TX": (625, 200), "FL": (600, 100), "WA": (650, 300),
    "OR": (0, 0), "IL": (625, 400), "MA": (625, 0), "CO": (290, 480), "VA": (530, 0),
    "GA": (400, 400), "AZ": (560, 300), "OH": (575, 175), "MI": (600, 0), "TN": (700, 275),
    "NJ": (663, 0),
}
_COMMON = ("gmail.com", "gmail.com", "gmail.com", "yahoo.com", "outlook.com", "icloud.com")
COUNTRIES = (
    Country("US", 0.57, 0, "en", (*_COMMON, "aol.com", "comcast.net"), _US_PHONE, 0, _US_PLACES),
    Country(
        "CA", 0.04, 0, "en", _COMMON, ("1", "", ("416", "604", "514"), 3, 4), 0,
        (("Toronto", "ON", "M5V 2"), ("Vancouver", "BC", "V6B 1"), ("Montréal", "QC", "H2X 3")),
    ),
    Country(
        "JP", 0.02, 0, "ja", ("gmail.com", "docomo.ne.jp", "yahoo.co.jp"),
        ("81", "0", ("90", "80", "70"), 4, 4), 0,
        (("Tokyo", "JP-13", "150-0"), ("Osaka", "JP-27", "530-0"), ("Nagoya", "JP-23", "460-0")),
    ),
    Country(
        "AU", 0.02, 0, "en", _COMMON, ("61", "0", ("412", "413", "421"), 3, 3), 0,
        (("Sydney", "NSW", "20"), ("Melbourne", "VIC", "30")),
    ),
    Country(
        "GB", 0.1, 1, "en", (*_COMMON, "hotmail.co.uk", "btinternet.com"),
        ("44", "0", ("7123", "7213", "7315"), 3, 3), 2000,
        (("London", None, "SW1A "), ("Manchester", None, "M1 "), ("Leeds", None, "LS1 ")),
    ),
    Country(
        "DE", 0.13, 1, "de", ("gmail.com", "gmx.de", "web.de", "t-online.de", "outlook.de"),
        ("49", "0", ("151", "152", "157"), 4, 4), 1900,
        (("Berlin", None, "101"), ("Hamburg", None, "200"), ("München", None, "803"),
         ("Köln", None, "506")),
    ),
    Country(
        "FR", 0.08, 1, "fr", ("gmail.com", "orange.fr", "free.fr", "laposte.net"),
        ("33", "0", ("612", "622", "633"), 3, 3), 2000,
        (("Paris", None, "750"), ("Lyon", None, "690"), ("Marseille", None, "130")),
    ),
    Country(
        "AT", 0.02, 1, "de", ("gmail.com", "gmx.at", "a1.net"), ("43", "0", ("664", "660"), 3, 4),
        2000, (("Wien", None, "10"), ("Graz", None, "80")),
    ),
    Country(
        "NL", 0.02, 1, "de", ("gmail.com", "ziggo.nl", "kpnmail.nl"),
        ("31", "0", ("61", "62"), 3, 4), 2100,
        (("Amsterdam", None, "1012 A"), ("Utrecht", None, "3511 B")),
    ),
)
USER_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
DEVICE_TYPES = ("mobile", "mobile", "desktop", "desktop", "desktop")
