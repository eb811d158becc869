"""Experiments by region, and what each channel and tactic truly causes.

What lives here: markets whose sales answer to spend by a known return, spend that follows demand
and stops in half of them; ``experiments.*``; ``truth.media_effects``.
What never does: an estimate; the orders of the brand, which are not caused by its advertising.

``truth.media_effects``: one row per experiment. ``caused_ratio`` is the truth of a claim: sales
caused per sales claimed in the weeks before; ``incremental_return`` the same per spend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Ints
from orchestration.brand.media import CAMPAIGNS, Media
from orchestration.brand.media_tables import Days
from orchestration.brand.media_truth import CHANNELS, claims, monday
from orchestration.brand.window import Window
from orchestration.brand.writer import TRUTH, BrandWriter

SOURCE = "experiments"
GEOS, TEST_WEEKS, LATEST_WEEKS, MOST_BEFORE = 40, 4, 6, 52
WEEK = 7


@dataclass(frozen=True)
class _Effect:
    """A channel and tactic, the campaigns of it by their names, and what a claim of it is worth."""

    platform: int
    tactic: str
    words: tuple[str, ...]
    caused_hundredths: int


EFFECTS = (
    _Effect(0, "prospecting", ("prospecting", "winter"), 130),
    _Effect(0, "retargeting", ("retargeting",), 45),
    _Effect(1, "brand_search", ("brand_search",), 10),
    _Effect(2, "prospecting", ("spark", "video"), 80),
)


def write_experiments(
    writer: BrandWriter, media: Media, told: Sequence[Days], window: Window,
    rng: np.random.Generator,
) -> None:
    """One experiment of each effect, in the last weeks but six; none in a brand of a few weeks."""
    last = int(monday(np.array([window.last_day]))[0]) - LATEST_WEEKS * WEEK
    start = last - TEST_WEEKS * WEEK
    first = max(int(monday(np.array([window.first_day + 6]))[0]), start - MOST_BEFORE * WEEK)
    before = (start - first) // WEEK
    if before < 1:
        return
    number = np.arange(len(EFFECTS))
    claimed, spent = np.array([
        _sums(effect, media, told[effect.platform], first, start) for effect in EFFECTS
    ]).T  # fmt: skip
    writer.write(SOURCE, "experiment", {
        "_source_relation": a.const(SOURCE, len(EFFECTS)),
        "experiment_id": _names(number),
        "channel": a.pick(CHANNELS, np.array([effect.platform for effect in EFFECTS])),
        "tactic": a.take([effect.tactic for effect in EFFECTS], number),
        "starts_on": a.date(np.full(len(EFFECTS), start)),
        "ends_on": a.date(np.full(len(EFFECTS), last - 1)),
        "_fivetran_deleted": a.flag(np.zeros(len(EFFECTS), bool)),
    })  # fmt: skip
    caused = np.array([effect.caused_hundredths for effect in EFFECTS])
    # Millionths of a dollar of sales caused per dollar spent; 0 where nothing was spent or claimed.
    returns = caused * claimed * 10_000 // np.maximum(spent, 1)
    for place in number.tolist():
        _write_market(writer, place, int(spent[place]), int(returns[place]), first, before, rng)
    writer.write(TRUTH, "media_effects", {
        "experiment_id": _names(number),
        "channel": a.pick(CHANNELS, np.array([effect.platform for effect in EFFECTS])),
        "tactic": a.take([effect.tactic for effect in EFFECTS], number),
        "caused_ratio": a.money(caused),
        "incremental_return": a.ratio(returns * 100),
    })  # fmt: skip


def _sums(effect: _Effect, media: Media, days: Days, first: int, start: int) -> tuple[int, int]:
    """Cents that the platform claimed for the tactic before the experiment, and cents spent."""
    names = [row[1] for row in CAMPAIGNS]
    own = np.array([name.startswith(effect.words) for name in names])
    rows = own[media.campaign[days.ad]] & (days.day >= first) & (days.day < start)
    return int(claims(effect.platform, days)[1][rows].sum()), int(days.spend[rows].sum())


def _write_market(
    writer: BrandWriter, place: int, spent: int, returns: int, first: int, before: int,
    rng: np.random.Generator,
) -> None:
    """Sales and spend of every region and week; spend of half of the regions stops at the end."""
    weeks = before + TEST_WEEKS
    size = rng.lognormal(0, 0.6, GEOS)
    season = 1 + 0.12 * np.sin(2 * np.pi * np.arange(weeks) / 52)
    demand = (size / size.sum())[:, None] * season * rng.lognormal(0, 0.04, (GEOS, weeks))
    weekly = max(spent // before, 20_000)
    spend = np.rint(weekly * demand * rng.lognormal(0, 0.1, demand.shape)).astype(np.int64)
    is_treated = np.zeros(GEOS, bool)
    is_treated[rng.permutation(GEOS)[: GEOS // 2]] = True
    spend[is_treated, before:] = 0
    # Sales that nobody's spend explains are ten times the spend.
    sales = np.rint(weekly * 10 * demand).astype(np.int64) + spend * returns // 1_000_000
    geo, week = (axis.ravel() for axis in np.indices(sales.shape))
    count = len(geo)
    writer.write(SOURCE, "geo_period", {
        "_source_relation": a.const(SOURCE, count),
        "experiment_id": _names(np.full(count, place)),
        "geo": a.take([f"region-{number:02}" for number in range(GEOS)], geo),
        "period_start": a.date(first + week * WEEK),
        "arm": a.pick(("control", "treated"), is_treated[geo].astype(np.int64)),
        "outcome_amount": a.money(sales.ravel()),
        "spend_amount": a.money(spend.ravel()),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip


def _names(numbers: Ints) -> a.Column:
    return a.take([f"experiment-{place + 1}" for place in range(len(EFFECTS))], numbers)
