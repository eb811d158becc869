"""A shop whose orders creators bring: by code, link, marketplace, or without a trace; codes leak.

What lives here: orders with planted signs, who truly brought each, and what its lines are worth.
What never does: a rule of the models; what a sign is worth is theirs.

The brand's own orders carry no creator's code, and stay as they are: this shop stands beside it,
for claims about signs, leaks and halo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

FIRST_DAY = date(2026, 1, 1)
ANSWERED, CLICKED_BEFORE_CODE, NAMES_HER, MISTYPED = 0.45, 0.6, 0.5, 0.3
REFERRED_LEAK, LEAKY = 0.7, 0.35
# Share of posts that a tool records; a story that is gone the next day often is not.
RECORDED = 0.8
COUPON_SITES = ("retailmenot.com", "slickdeals.net", "rakuten.com")
OTHER_WORDS = ("google", "a friend", "instagram ad", "podcast", "")
SKUS = ("SERUM", "CLEANSER", "CANDLE", "MASK", "TONIC")
_FIRST = ("amelia", "benedict", "charlotte", "dominik", "eleanora", "florentin", "gwendolyn",
          "henrietta", "isabella", "jeremiah", "katharina", "leonardo")  # fmt: skip
_LAST = ("waterfield", "kowalczyk", "montgomery", "brandstetter", "oliveirinha", "fairweather")
# What brought an order, by share of a creator's day.
CODE, LINK, MARKETPLACE, TRACELESS, LEAK, NOBODY = range(6)


@dataclass(frozen=True)
class Creator:
    """Who brings orders; her code may be hers for a part of the time only."""

    creator_id: str
    handle: str
    name: str
    code: str
    link_tag: str


@dataclass(frozen=True)
class Line:
    """One line of an order, in cents."""

    line_id: int
    sku: str
    quantity: int
    sales_minor: int
    cm2_minor: int
    marketplace: str  # creator whom the marketplace names, "" nobody
    commission_minor: int


@dataclass(frozen=True)
class Order:
    """One order with every sign that was planted; empty where there is none."""

    order_id: int
    at: datetime
    why: int
    brought_by: str
    code_of: str
    clicks: tuple[tuple[str, float], ...]  # creator, days before the order
    referrer: str
    has_answered: bool
    names: str  # creator whom her answer names
    answer: str
    lines: tuple[Line, ...]


Posts = tuple[tuple[str, date], ...]


def make_creator_shop(
    creators: int, days: int, rng: np.random.Generator
) -> tuple[tuple[Creator, ...], tuple[Order, ...], Posts]:
    """So many creators and days, and their recorded posts; 40 orders a day that nobody brought."""
    people = tuple(_creator(row) for row in range(creators))
    is_leaky = rng.random(creators) < LEAKY
    orders: list[Order] = []
    posts: list[tuple[str, date]] = []
    for day in range(days):
        kinds = [(NOBODY, -1)] * int(rng.poisson(40))
        for row in range(creators):
            is_post = rng.random() < 1 / 20
            if is_post and rng.random() < RECORDED:
                posts.append((people[row].creator_id, FIRST_DAY + timedelta(days=day)))
            for why, rate in ((CODE, 6.0 if is_post else 0.5), (LINK, 0.4), (MARKETPLACE, 0.3),
                              (TRACELESS, 0.6)):  # fmt: skip
                kinds += [(why, row)] * int(rng.poisson(rate))
            if is_leaky[row]:
                mean = 14.0 if rng.random() < 1 / 15 else 0.3
                kinds += [(LEAK, row)] * int(rng.poisson(mean))
        for why, row in kinds:
            orders.append(_order(len(orders), day, why, row, people, rng))
    return people, tuple(orders), tuple(posts)


def _creator(row: int) -> Creator:
    first, last = _FIRST[row % len(_FIRST)], _LAST[row // len(_FIRST) % len(_LAST)]
    return Creator(f"creator-{row:03d}", f"{first}.{last}", f"{last} {first} studio",
                   f"{first.upper()}{row:03d}", f"cr-{row:03d}")  # fmt: skip


def _order(
    number: int, day: int, why: int, row: int, people: tuple[Creator, ...],
    rng: np.random.Generator,
) -> Order:
    who = people[row].creator_id if row >= 0 else ""
    at = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(
        days=day, seconds=int(rng.integers(3_600, 80_000))
    )
    clicks: list[tuple[str, float]] = []
    if why == LINK or (why == CODE and rng.random() < CLICKED_BEFORE_CODE):
        clicks.append((who, float(rng.uniform(0.01, 6.9 if why == LINK else 12.0))))
    if rng.random() < 0.04:
        other = people[int(rng.integers(len(people)))].creator_id
        clicks.append((other, float(rng.uniform(0.01, 20.0))))
    is_referred = why == LEAK and rng.random() < REFERRED_LEAK
    has_answered = bool(rng.random() < ANSWERED)
    is_named = has_answered and (
        why == TRACELESS or (why in (CODE, LINK) and rng.random() < NAMES_HER)
    )
    return Order(
        number, at, why, who, who if why in (CODE, LEAK) else "", tuple(clicks),
        COUPON_SITES[int(rng.integers(len(COUPON_SITES)))] if is_referred else "",
        has_answered, who if is_named else "",
        _answer(people[row], rng) if is_named
        else OTHER_WORDS[int(rng.integers(len(OTHER_WORDS)))],
        _lines(number, who if why == MARKETPLACE else "", rng),
    )  # fmt: skip


def _answer(creator: Creator, rng: np.random.Generator) -> str:
    words = creator.handle if rng.random() < 0.5 else creator.name
    if rng.random() < MISTYPED:
        place = int(rng.integers(len(words) - 1))
        words = words[:place] + "q" + words[place + 1 :]
    return words.title() + "!" if rng.random() < 0.3 else words


def _lines(order: int, marketplace: str, rng: np.random.Generator) -> tuple[Line, ...]:
    lines = []
    for place in range(int(rng.integers(1, 4))):
        quantity = int(rng.integers(1, 4))
        sales = int(rng.integers(900, 9_000)) * quantity
        is_hers = bool(marketplace) and (place == 0 or rng.random() < 0.5)
        lines.append(Line(
            order * 10 + place, SKUS[int(rng.integers(len(SKUS)))], quantity, sales,
            int(sales * rng.uniform(-0.1, 0.6)), marketplace if is_hers else "",
            sales // 10 if is_hers else 0,
        ))  # fmt: skip
    return tuple(lines)
