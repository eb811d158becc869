"""What ads show, which launches are new ideas, and an account whose ads wear out.

What lives here: the assets of the brand's ads and whom they reached, ``creatives.*``; an account of
many ads of known cost per order and known wear, for claims that the brand is too small for; truth.
What never does: spend and clicks of the brand (``media_tables.py``), a rule of the models.

``truth.creative_ads``: one row per ad with its asset, its launch's level within the brand
(concept, variation, iteration, relaunch, unknown), and the first day on which it was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Ints
from orchestration.brand.media import CAMPAIGNS, Media, Tally
from orchestration.brand.window import Window
from orchestration.brand.writer import TRUTH, BrandWriter

Floats = npt.NDArray[np.float64]
SOURCE, RELATION = "creatives", "aurora-creatives"
CHANNELS = ("meta_ads", "google_ads", "tiktok_ads")
SHARED_ASSETS = 0.2
QUIET_DAYS = 365
REACH_DAYS, CLICKS_A_VISIT = 7, 4
ACCOUNT_FROM = date(2024, 1, 1)
# The account: how its ads come about, by share, and how names go wrong.
NEW_CONCEPT, NEW_HOOK, NEW_CUT, AGAIN, NAMELESS = range(5)
MAKINGS = (0.35, 0.25, 0.2, 0.12, 0.08)
BROKEN_NAMES = ("summer winner FINAL", "{day}_{concept}_gif_benefit_{hook}_brand_range_none_v1",
                "{day}_{concept}_vid_benefit_{hook}_brand_range_none", "")  # fmt: skip
HOOKS = ("question", "before-after", "unboxing", "founder", "texture", "review")
BASE_CLICK_RATIO, WEAR_FLOOR, WEAR_DAYS = 0.012, 0.55, 12
WORN, WEAR_FROM = 0.4, 25


def write_creatives(
    writer: BrandWriter, media: Media, tally: Tally, window: Window, rng: np.random.Generator
) -> None:
    """``creatives.*`` and ``truth.creative_ads`` of the brand's plan."""
    rows = np.arange(media.count)
    shared = (rng.random(media.count) < SHARED_ASSETS) & (rows > 0)
    asset = np.where(shared, rng.integers(0, np.maximum(rows, 1)), rows)
    # An ad that shows another's asset shows the one that began it.
    for row in rows[shared]:
        asset[row] = asset[asset[row]]
    shown = np.maximum(media.launched_on, window.first_day)
    names = [f"{int(each) * 2_654_435_761 % 2**64:016x}" for each in asset]
    channel = a.pick(CHANNELS, media.platform)
    ad_id = a.text(media.ad_id)
    writer.write(SOURCE, "ad_asset", {
        "_source_relation": a.const(RELATION, media.count), "channel": channel, "ad_id": ad_id,
        "asset_hash": a.take(names, rows), "_fivetran_deleted": a.flag(np.zeros(len(rows), bool)),
    })  # fmt: skip
    _write_reach(writer, media, tally, window, rng)
    # Every name of the brand has a concept of its own, and every ad is shown from its launch on.
    order = np.lexsort((ad_id.to_pylist(), np.array(CHANNELS)[media.platform], shown))
    levels = np.array(["concept"] * media.count, dtype=object)
    seen: set[int] = set()
    for row in order:
        if int(asset[row]) in seen:
            levels[row] = "relaunch"
        seen.add(int(asset[row]))
    writer.write(TRUTH, "creative_ads", {
        "channel": channel, "ad_id": ad_id, "asset_hash": a.take(names, rows),
        "launch_level": a.take(levels.tolist(), rows), "first_shown_date": a.date(shown),
        "visit_count": a.integer(tally.visits.sum(axis=1)),
        "order_count": a.integer(tally.orders.sum(axis=1)),
    })  # fmt: skip


def _write_reach(
    writer: BrandWriter, media: Media, tally: Tally, window: Window, rng: np.random.Generator
) -> None:
    """Reach of the seven days up to each Sunday; as an ad ages, the same people see it again."""
    days = np.arange(REACH_DAYS - 1, window.day_count)
    days = days[(days + window.first_day) % 7 == 3]  # the epoch was a Thursday
    total = np.cumsum(np.pad(tally.visits, ((0, 0), (1, 0))), axis=1)
    visits = total[:, days + 1] - total[:, days + 1 - REACH_DAYS]
    ad, place = np.nonzero(visits)
    rate = np.array([row[4] for row in CAMPAIGNS])[media.campaign[ad]]
    age = np.maximum(days[place] + window.first_day - media.launched_on[ad], 0)
    frequency = 1.2 + np.minimum(age, 180) / 100 + rng.random(len(ad)) * 0.3
    reach = visits[ad, place] * CLICKS_A_VISIT * 10_000 / rate / frequency
    writer.write(SOURCE, "ad_reach", {
        "_source_relation": a.const(RELATION, len(ad)),
        "channel": a.pick(CHANNELS, media.platform[ad]), "ad_id": a.text(media.ad_id[ad]),
        "window_to_date": a.date(days[place] + window.first_day),
        "reach": a.integer(reach.astype(np.int64)),
        "platform_label": a.pick(("Creative Fatigue",), np.where(frequency > 2.8, 0, -1)),
        "_fivetran_deleted": a.flag(np.zeros(len(ad), bool)),
    })  # fmt: skip


@dataclass(frozen=True)
class Ad:
    """One ad of the account; days count from 0."""

    ad_id: str
    asset_hash: str
    name: str
    concept: str  # "" where the name does not tell
    idea: str  # hook and maker
    first_day: int
    last_day: int
    true_cost_per_order: float
    worn_from: int  # day of its life, -1 never


@dataclass(frozen=True)
class Account:
    """An ad account: its ads, and per ad and day impressions, clicks, cents, orders, people."""

    ads: tuple[Ad, ...]
    ad: Ints
    day: Ints
    impressions: Ints
    clicks: Ints
    spend_minor: Ints
    orders: Ints
    reach: Ints  # of the seven days up to the day


def make_account(
    count: int, days: int, target_minor: int, rng: np.random.Generator
) -> Account:
    """So many ads over so many days; costs per order lie around 1.25 times the target."""
    ads = _make_ads(count, days, rng)
    parts: list[tuple[Ints, ...]] = []
    for row, ad in enumerate(ads):
        day = np.arange(ad.first_day, ad.last_day + 1)
        age = day - ad.first_day
        impressions = rng.integers(2_000, 4_000, len(day))
        wear = _wear(ad, age)
        clicks = rng.binomial(impressions, BASE_CLICK_RATIO * wear)
        spend = impressions * target_minor // 8_000
        orders = rng.poisson(spend / target_minor / ad.true_cost_per_order * wear)
        frequency = 1.3 + np.where(ad.worn_from >= 0, np.clip((age - 10) / 12, 0, 3), 0)
        week = np.convolve(impressions, np.ones(REACH_DAYS, np.int64))[: len(day)]
        parts.append((np.full(len(day), row), day, impressions, clicks, spend, orders,
                      (week / frequency).astype(np.int64)))  # fmt: skip
    return Account(ads, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _wear(ad: Ad, age: Ints) -> Floats:
    """What is left of the ad's first click rate: 1, then down to a floor within some days."""
    if ad.worn_from < 0:
        return np.ones(len(age))
    return np.asarray(1 - (1 - WEAR_FLOOR) * np.clip((age - ad.worn_from) / WEAR_DAYS, 0, 1))


def _make_ads(count: int, days: int, rng: np.random.Generator) -> tuple[Ad, ...]:
    ads: list[Ad] = []
    making = rng.choice(len(MAKINGS), count, p=MAKINGS)
    making[0] = NEW_CONCEPT
    starts = np.sort(rng.integers(0, days - 20, count))
    costs = np.exp(rng.normal(np.log(1.25), 0.5, count))
    for row in range(count):
        named = [ad for ad in ads if ad.concept]
        kind = int(making[row])
        older = named[int(rng.integers(len(named)))] if named else None
        start, asset = int(starts[row]), f"asset{row:05d}"
        concept, hook = f"k{row:05d}", HOOKS[int(rng.integers(len(HOOKS)))]
        if older is not None and kind in (NEW_HOOK, NEW_CUT, AGAIN):
            concept, hook = older.concept, older.idea if kind != NEW_HOOK else f"h{row:05d}"
            asset = older.asset_hash if kind == AGAIN else asset
        day = f"{ACCOUNT_FROM + timedelta(days=start):%Y%m%d}"
        name = f"{day}_{concept}_vid_benefit_{hook}_brand_range_none_v{row + 1}"
        if kind == NAMELESS:
            broken = BROKEN_NAMES[row % len(BROKEN_NAMES)]
            name, concept = broken.format(day=day, concept=concept, hook=hook), ""
        ads.append(Ad(
            f"{row:06d}", asset, name, concept, hook, start,
            min(days - 1, start + int(rng.integers(20, 90))), float(costs[row]),
            int(rng.integers(WEAR_FROM, WEAR_FROM + 15)) if rng.random() < WORN else -1,
        ))  # fmt: skip
    return tuple(ads)


def true_levels(ads: Sequence[Ad]) -> list[str]:
    """What each launch is, ad by ad in the order in which they were first shown."""
    levels = {ad.ad_id: "" for ad in ads}
    assets: set[str] = set()
    ideas: set[tuple[str, str]] = set()
    concepts: dict[str, list[Ad]] = {}
    for ad in sorted(ads, key=lambda each: (each.first_day, each.ad_id)):
        before = concepts.get(ad.concept, []) if ad.concept else []
        if ad.asset_hash in assets:
            level = "relaunch"
        elif not ad.concept:
            level = "unknown"
        elif not before or _was_quiet(ad, before):
            level = "concept"
        else:
            level = "iteration" if (ad.concept, ad.idea) in ideas else "variation"
        levels[ad.ad_id] = level
        assets.add(ad.asset_hash)
        if ad.concept:
            ideas.add((ad.concept, ad.idea))
            concepts[ad.concept] = [*before, ad]
    return [levels[ad.ad_id] for ad in ads]


def _was_quiet(ad: Ad, before: Sequence[Ad]) -> bool:
    if any(each.first_day == ad.first_day for each in before):
        return False
    newest = max(min(each.last_day, ad.first_day - 1) for each in before)
    return ad.first_day - newest > QUIET_DAYS


def worn(ad: Ad, day: int) -> bool:
    """Whether the mean of the seven days up to a day lies at the floor of a worn ad."""
    return ad.worn_from >= 0 and day - ad.first_day - 6 >= ad.worn_from + WEAR_DAYS
