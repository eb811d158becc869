"""A merchant feed of 90 days in which it is known what went wrong, when, and when it was mended.

What lives here: offers, pulls of their status, their impressions; incidents put in, and what only
looks like one: first reviews, demotions, lean days of the campaign, empty shelves, new prices.
What never does: a rule of severity, or a threshold of an alarm.

``truth.feed_incidents``: one row per incident put in. Times are seconds from the first day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.window import DAY

Floats = npt.NDArray[np.float64]
DAYS, OFFERS = 90, 120
PULL_EVERY = DAY // 4
ADS, LISTINGS = 0, 1
CONTEXTS = ("SHOPPING_ADS", "FREE_LISTINGS")
KINDS = ("killed", "silent", "vanished", "late_review")
NUMBERS = (20, 12, 5, 3)
# A silent kill is put in where there are four weeks before it and enough to be missed.
SILENT_FIRST_DAY, SILENT_LEAST = 34, 70.0
CODES = ("image_link_broken", "landing_page_error", "strong_id_inaccurate", "a_code_nobody_knows")
FINE, REVIEW, KILLED, DEMOTED, GONE = range(5)


@dataclass(frozen=True)
class Incidents:
    kind: Ints
    offer: Ints
    started: Ints
    ended: Ints
    code: Ints


@dataclass(frozen=True)
class Feed:
    """``state`` by offer, context and pull; ``seen`` by offer, context and day; stock by day."""

    incidents: Incidents
    pulls: Ints
    state: Ints
    code: Ints
    seen: Ints
    has_stock: Bools
    price: Ints


def make_feed(rng: np.random.Generator) -> Feed:
    """``sum(NUMBERS)`` incidents, no two at one offer."""
    level = rng.lognormal(5.2, 0.9, OFFERS)
    incidents = _draw(level, rng)
    pulls = np.arange(DAYS * 4) * PULL_EVERY
    state = np.full((OFFERS, 2, len(pulls)), FINE)
    code = np.zeros((OFFERS, 2, len(pulls)), np.int64)
    quiet = np.setdiff1d(np.arange(OFFERS), incidents.offer)
    _look_alikes(state, quiet, rng)
    has_stock = np.ones((OFFERS, DAYS), bool)
    price = np.repeat(rng.integers(900, 9_000, (OFFERS, 1)), DAYS, axis=1)
    for offer in quiet[30:38]:
        first = int(rng.integers(30, 80))
        has_stock[offer, first:first + int(rng.integers(2, 9))] = False
    for offer in quiet[38:46]:
        price[offer, int(rng.integers(30, 80)):] *= 2
    for row in range(len(incidents.kind)):
        kind, offer = KINDS[incidents.kind[row]], incidents.offer[row]
        hit = (pulls >= incidents.started[row]) & (pulls < incidents.ended[row])
        if kind == "killed":
            state[offer, ADS, hit], code[offer, ADS, hit] = KILLED, incidents.code[row]
        elif kind == "vanished":
            state[offer, :, hit] = GONE
        elif kind == "late_review":
            state[offer, :, hit] = REVIEW
    seen = _seen(level, incidents, state, has_stock, price, rng)
    return Feed(incidents, pulls, state, code, seen, has_stock, price)


def _draw(level: Floats, rng: np.random.Generator) -> Incidents:
    kind = np.repeat(np.arange(len(KINDS)), NUMBERS)
    count = len(kind)
    silent = kind == KINDS.index("silent")
    order = rng.permutation(OFFERS)
    loud = order[level[order] >= SILENT_LEAST][: silent.sum()]
    offer = np.zeros(count, np.int64)
    offer[silent] = loud
    others = rng.permutation(np.setdiff1d(order, loud))
    offer[~silent] = others[: (~silent).sum()]
    day = rng.integers(np.where(silent, SILENT_FIRST_DAY, 3), DAYS - 15, count)
    long = rng.integers(4, 15, count) + np.where(kind == KINDS.index("late_review"), 5, 0)
    started = day * DAY + np.where(silent, 0, rng.integers(0, DAY, count))
    return Incidents(kind, offer, started, started + long * DAY, rng.integers(0, len(CODES), count))


def _look_alikes(state: Ints, quiet: Ints, rng: np.random.Generator) -> None:
    """First reviews that end in time, and demotions."""
    for place, offer in enumerate(quiet[:30]):
        first = int(rng.integers(8, 300))
        if place < 20:
            state[offer, :, first:first + int(rng.integers(2, 10))] = REVIEW
        else:
            state[offer, ADS, first:first + int(rng.integers(8, 40))] = DEMOTED


def _seen(
    level: Floats, incidents: Incidents, state: Ints, has_stock: Bools, price: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Impressions: weekday, the campaign's own days, a shop's noise, and what went wrong."""
    weekday = np.array([1.1, 1.0, 0.95, 0.95, 1.0, 1.25, 1.3])[np.arange(DAYS) % 7]
    campaign = np.exp(np.cumsum(rng.normal(0, 0.03, (2, DAYS)), axis=1))
    for first in (41, 66):  # the budget ran out for some days
        campaign[ADS, first:first + 3] *= 0.3
    mean = level[:, None, None] * np.array([1.0, 0.4])[None, :, None] * (weekday * campaign)[None]
    mean = mean * rng.gamma(40, 1 / 40, mean.shape)
    by_day = state.reshape(OFFERS, 2, DAYS, 4)
    mean = mean * np.where(np.isin(by_day, (KILLED, REVIEW, GONE)), 0, 1).mean(axis=3)
    mean = mean * np.where((by_day == DEMOTED).any(axis=3), 0.6, 1)
    mean = mean * np.where(has_stock, 1, 0)[:, None, :]
    mean = mean * np.where(price > price[:, :1], 0.2, 1)[:, None, :]
    for row in np.flatnonzero(incidents.kind == KINDS.index("silent")):
        first, last = incidents.started[row] // DAY, incidents.ended[row] // DAY
        mean[incidents.offer[row], ADS, first:last] *= rng.choice([0.0, 0.03, 0.1])
    return np.asarray(rng.poisson(mean), np.int64)
