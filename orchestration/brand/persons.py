"""Who lives in the brand's world: people, households, addresses, phones, e-mail addresses, devices.

What lives here: the attributes of persons, drawn in chunks; one row per person.
What never does: what they do (orders, visits, consent).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Column, Ints
from orchestration.brand.catalogue import DOMAINS
from orchestration.brand.window import DAY, Window
from orchestration.brand.words import COUNTRIES, FIRST_NAMES, LAST_NAMES, STREETS, plain

# Kinds of e-mail text a record can carry; row = kind * persons + person, then the shared ones.
PRIMARY, SHOUTED, DOTTED, SECOND, TYPO, APPLE_RELAY, MARKETPLACE_RELAY = range(7)
KINDS = 7
SHARED_MAILS = (
    f"support@{DOMAINS[0]}",
    "test@example.com",
    f"noreply@{DOMAINS[0]}",
    f"pos@{DOMAINS[0]}",
)
SUPPORT, TEST, NOREPLY, POS = range(4)
DEVICES = 4  # places per person; the last is the household's shared one of its head

_LANGUAGES = tuple(FIRST_NAMES)
FIRST_WORDS = [word for words in FIRST_NAMES.values() for word in words.split()]
LAST_WORDS = [word for words in LAST_NAMES.values() for word in words.split()]
_FIRST_PLACES, _LAST_PLACES = (
    {
        language: [place for place, owner in enumerate(owners) if owner == language]
        for language in _LANGUAGES
    }
    for owners in (
        [language for language, words in names.items() for _ in words.split()]
        for names in (FIRST_NAMES, LAST_NAMES)
    )
)
_DISTINCT_FIRST, _FIRST_CODE = np.unique(np.array(FIRST_WORDS), return_inverse=True)
_DISTINCT_LAST, _LAST_CODE = np.unique(np.array(LAST_WORDS), return_inverse=True)
PLACES = [(country, *place) for country, row in enumerate(COUNTRIES) for place in row.places]


@dataclass(frozen=True)
class Persons:
    """A chunk of persons; ``number`` is the global person id."""

    number: Ints
    head: Ints  # row of the head of the household
    household_size: Ints
    has_shared_device: Bools
    country: Ints
    shop: Ints
    place: Ints
    first: Ints
    last: Ints
    phone_group: tuple[Ints, Ints, Ints]
    phone_style: Ints
    has_phone: Bools
    has_second_mail: Bools
    has_apple_relay: Bools
    makes_typos: Bools
    uses_gmail: Bools
    device_count: Ints
    has_gpc: Bools
    shops_abroad: Bools
    is_registered: Bools
    has_profile: Bools
    has_second_profile: Bools
    arrived_at: Ints
    leaves_at: Ints
    rate: Ints  # repeat orders, thousandths of the mean
    mails: Column = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.number)

    def mail_row(self, person: Ints, kind: Ints) -> Ints:
        """Row in ``mails``; kind from KINDS on is a shared address."""
        return np.where(kind < KINDS, kind * self.count + person, KINDS * self.count + kind - KINDS)

    def mail_texts(self, person: Ints, kind: Ints) -> Column:
        """What the person typed as address; kind -1 is null."""
        return a.take(self.mails, np.where(kind < 0, -1, self.mail_row(person, kind)))

    def country_codes(self, person: Ints) -> Column:
        return a.pick([row.code for row in COUNTRIES], self.country[person])

    def first_names(self, person: Ints) -> Column:
        return a.pick(_DISTINCT_FIRST.tolist(), _FIRST_CODE[self.first[person]])

    def last_names(self, person: Ints) -> Column:
        return a.pick(_DISTINCT_LAST.tolist(), _LAST_CODE[self.last[person]])

    def cities(self, person: Ints) -> Column:
        return a.pick([place[1] for place in PLACES], self.place[person])

    def regions(self, person: Ints) -> Column:
        words = [place[2] or "" for place in PLACES]
        distinct = sorted(set(words) - {""})
        code = np.array([distinct.index(word) if word else -1 for word in words])
        return a.pick(distinct, code[self.place[person]])

    def is_californian(self) -> Bools:
        return np.array([place[2] == "CA" for place in PLACES])[self.place]

    def zips(self, person: Ints) -> Column:
        stem = a.take([place[3] for place in PLACES], self.place[person])
        return a.join(stem, a.padded(self.number[self.head[person]] % 90 + 10, 2))

    def streets(self, person: Ints) -> Column:
        rows = [
            (country, street)
            for country, row in enumerate(COUNTRIES)
            for street in STREETS[row.language].split(";")
        ]
        starts = np.searchsorted([row[0] for row in rows], np.arange(len(COUNTRIES)))
        sizes = np.bincount([row[0] for row in rows])
        head = self.number[self.head[person]]
        land = self.country[person]
        words = a.take([row[1] for row in rows], starts[land] + head % sizes[land])
        return a.join(a.text(head * 7 % 1_990 + 1), " ", words)


def make_persons(
    first_number: int, count: int, window: Window, rng: np.random.Generator
) -> Persons:
    """Draw a chunk of persons; numbers run from ``first_number``."""
    size = _household_sizes(count, rng)
    head = np.repeat(np.concatenate([[0], np.cumsum(size)[:-1]]), size)[:count]
    size = np.bincount(head, minlength=count)[head]
    country = rng.choice(len(COUNTRIES), count, p=_shares())[head]
    shop = np.array([row.shop for row in COUNTRIES])[country]
    first, last = _names(country, head, rng)
    number = first_number + np.arange(count)
    phone = _phones(number, country, head, size, rng)
    domain = _domains(number, country)
    season = rng.random(count)
    arrived = window.seconds_of(season * np.sqrt(season), rng)
    lifetime = (rng.exponential(420.0, count) * DAY).astype(np.int64) + 5 * DAY
    traits = {
        name: rng.random(count) < share
        for name, share in (
            ("has_phone", 0.86), ("has_second_mail", 0.15), ("has_apple_relay", 0.02),
            ("makes_typos", 0.26), ("has_gpc", 0.06), ("shops_abroad", 0.015),
            ("is_registered", 0.62), ("has_profile", 0.88), ("has_second_profile", 0.5),
        )
    }
    persons = Persons(
        number=number,
        head=head,
        household_size=size,
        has_shared_device=(rng.random(count) < 0.7)[head] & (size > 1),
        country=country,
        shop=shop,
        place=_places(country, head, rng),
        first=first,
        last=last,
        phone_group=phone,
        phone_style=rng.integers(0, 6, count),
        device_count=rng.choice([1, 2, 3], count, p=[0.6, 0.3, 0.1]),
        arrived_at=arrived,
        leaves_at=np.minimum(arrived + lifetime, window.end),
        rate=np.minimum(rng.gamma(0.9, 1 / 0.9, count) * 1000, 9_000).astype(np.int64),
        uses_gmail=domain[0] == _MAIL_DOMAINS.index("gmail.com"),
        mails=_mails(number, first, last, domain),
        **traits,
    )
    return persons


def _shares() -> list[float]:
    total = sum(row.share for row in COUNTRIES)
    return [row.share / total for row in COUNTRIES]


def _household_sizes(count: int, rng: np.random.Generator) -> Ints:
    return rng.choice([1, 2, 3, 4, 5], count, p=[0.725, 0.14, 0.06, 0.05, 0.025])


def _names(country: Ints, head: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    first, last = np.zeros(len(country), np.int64), np.zeros(len(country), np.int64)
    for language in _LANGUAGES:
        rows = np.flatnonzero(np.array([row.language == language for row in COUNTRIES])[country])
        first[rows] = np.array(_FIRST_PLACES[language])[
            rng.integers(0, len(_FIRST_PLACES[language]), len(rows))
        ]
        last[rows] = np.array(_LAST_PLACES[language])[
            rng.integers(0, len(_LAST_PLACES[language]), len(rows))
        ]
    return first, last[head]


def _places(country: Ints, head: Ints, rng: np.random.Generator) -> Ints:
    starts = np.searchsorted([place[0] for place in PLACES], np.arange(len(COUNTRIES)))
    sizes = np.array([len(row.places) for row in COUNTRIES])
    draw = rng.random(len(country))
    return np.asarray(starts[country] + (draw * sizes[country]).astype(np.int64))[head]


_MIDDLES, _SCRAMBLE = 677, 1_000_003


def _phones(
    number: Ints, country: Ints, head: Ints, size: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Leading group (row of the country's list), middle and last digits.

    Strangers never share a number (a permutation of the person's number); some households do.
    """
    leads = np.array([len(row.phone[2]) for row in COUNTRIES])[country]
    tens = np.array([10 ** row.phone[4] for row in COUNTRIES])[country]
    place = number * _SCRAMBLE % (leads * _MIDDLES * tens)
    middle = 222 + place // leads % _MIDDLES
    shares = (rng.random(len(country)) < 0.15)[head] & (size > 1)
    owner = np.where(shares, head, np.arange(len(head)))
    return (place % leads)[owner], middle[owner], (place // leads // _MIDDLES)[owner]


def _local_parts(number: Ints, first: Ints, last: Ints) -> Column:
    return a.join(
        a.take([plain(word) for word in FIRST_WORDS], first),
        ".",
        a.take([plain(word) for word in LAST_WORDS], last),
        a.text(number),
    )


_MAIL_DOMAINS = sorted({domain for row in COUNTRIES for domain in row.mail_domains})


def _domains(number: Ints, country: Ints) -> tuple[Ints, Ints]:
    """Rows of _MAIL_DOMAINS: of the main and of the second address."""
    most = max(len(row.mail_domains) for row in COUNTRIES)
    table = np.array([
        [
            _MAIL_DOMAINS.index(row.mail_domains[place % len(row.mail_domains)])
            for place in range(most)
        ]
        for row in COUNTRIES
    ])
    widths = np.array([len(row.mail_domains) for row in COUNTRIES])[country]
    draw = number * 7919 % 1009
    return table[country, draw % widths], table[country, (draw + 1 + number % 3) % widths]


def _mails(number: Ints, first: Ints, last: Ints, domain: tuple[Ints, Ints]) -> Column:
    """All kinds of addresses of all persons, kind by kind, then the shared ones."""
    own, other = domain
    local = _local_parts(number, first, last)
    is_gmail = own == _MAIL_DOMAINS.index("gmail.com")
    primary = a.join(local, "@", a.take(_MAIL_DOMAINS, own))
    dotted = a.join(
        a.cut(local, 0, 1), ".", a.cut(local, 1),
        a.take(["", "+shop"], number % 2), "@gmail.com",
    )
    shouted = a.either(number % 3 == 0, a.join(" ", primary, " "), a.upper(primary))
    words = [plain(word) for word in FIRST_WORDS]
    second = a.join(
        a.take([word[:1] for word in words], first), a.take(["_", "", "-"], number % 3),
        a.text(number * 3 + 1_000), a.take(["", "x", "home"], number // 3 % 3), "@",
        a.take(_MAIL_DOMAINS, other),
    )
    typo = a.either(
        is_gmail & (number % 2 == 0),
        a.join(local, a.take(["@gmial.com", "@gmail.co", "@gamil.com"], number % 3)),
        a.join(a.cut(local, 1), "@", a.take(_MAIL_DOMAINS, own)),
    )
    return a.stacked(
        primary, shouted, a.either(is_gmail, dotted, primary), second, typo,
        a.join(a.hexes(number, 11, 8), "@privaterelay.appleid.com"),
        a.join("v4b", a.hexes(number, 12, 16), "@scs2.tiktokw.us"),
        a.column_of(SHARED_MAILS),
    )
