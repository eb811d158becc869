"""The brand from seed to files.

What lives here: the order in which rooms of this package draw and write; chunks of persons.
What never does: content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from orchestration.brand import after_tables as after
from orchestration.brand import arrays as a
from orchestration.brand import consent as consents
from orchestration.brand import (
    creatives,
    creator_terms,
    creators,
    email_tables,
    experiments,
    feed_tables,
    fulfilment,
    lists,
    margin_tables,
    margin_truth,
    media,
    media_tables,
    media_truth,
    refunds,
    shop_tables,
    subscription_tables,
    subscriptions,
    surveys,
    truth,
    visits,
    web,
)
from orchestration.brand import email as mails
from orchestration.brand.catalogue import (
    Catalogue,
    Rates,
    make_catalogue,
    make_rates,
    write_catalogue,
)
from orchestration.brand.ids import Ids
from orchestration.brand.ledger import converted, group_sum, refund_admin_fee
from orchestration.brand.order_lines import Lines, Totals, make_lines
from orchestration.brand.orders import Heads, make_heads
from orchestration.brand.persons import Persons, make_persons
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import BrandWriter
from orchestration.errors import ConfigurationError

LAST_DAY = date(2026, 10, 31)
CHUNK = 10_000
# Creators, experiments, the list's decisions and the feed have streams beside the chunks', so that
# nothing else depends on them.
CREATORS_STREAM = 50
EXPERIMENTS_STREAM = 51
LISTS_STREAM = 53
FEED_STREAM = 54
# So have what the ads show, what creators get beyond a fee, and, per chunk, what is said of them.
CREATIVES_STREAM, CREATOR_TERMS_STREAM, CREATOR_SIGNS_STREAM = 55, 56, 57
SCOPES = ("dtc", "test", "wholesale", "employee", "replacement")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class BrandSummary:
    """What was written: persons, months, rows per ``source.table``, true sums in dollar cents."""

    persons: int
    first_day: date
    last_day: date
    row_counts: dict[str, int]
    cm1_minor: int
    cm2_minor: int


@dataclass(frozen=True)
class _World:
    """What all chunks share."""

    window: Window
    catalogue: Catalogue
    rates: Rates
    plan: media.Media
    newsletters: mails.Newsletters
    tally: media.Tally


def make_brand(
    directory: Path,
    *,
    customers: int,
    months: int,
    seed: int,
    progress: Progress,
    end: date = LAST_DAY,
) -> BrandSummary:
    """Write a brand of ``customers`` persons over ``months`` months up to ``end``.

    Args:
        directory: becomes ``directory/<source>/<table>.parquet`` and ``directory/truth``; existing
            tables are replaced.
        progress: called with persons done and persons in all.
        end: the brand's last day; no clock is read.

    Raises:
        ConfigurationError: fewer than 1 customer or month, or a negative seed.
    """
    if customers < 1 or months < 1 or seed < 0:
        raise ConfigurationError(
            "A brand needs at least 1 customer, 1 month and a seed of 0 or more.",
            remedy="Give --customers, --months and --seed accordingly.",
        )
    window = Window.of(end, months)
    chunks = -(-customers // CHUNK)
    shared, *seeds = np.random.SeedSequence(seed).spawn(chunks + 1)
    rng = np.random.default_rng(shared)
    catalogue, rates = make_catalogue(window, rng), make_rates(window, rng)
    plan = media.make_media(window, rng)
    world = _World(window, catalogue, rates, plan, mails.make_newsletters(window),
                   media.Tally.empty(plan, window))
    cm1 = cm2 = 0
    with BrandWriter(directory, window.end) as writer:
        write_catalogue(writer, catalogue, rates, window)
        email_tables.write_setting(writer, window, world.newsletters)
        for chunk, child in enumerate(seeds):
            first = chunk * CHUNK
            size = min(CHUNK, customers - first)
            sums = _Chunk(writer, world, Ids(chunk, window.end), first, size, child).write(
                customers, np.random.default_rng([seed, chunk, CREATOR_SIGNS_STREAM])
            )
            cm1, cm2 = cm1 + sums[0], cm2 + sums[1]
            progress(first + size, customers)
        told = media_tables.write_media(writer, plan, world.tally, window, rng)
        media_truth.write_media_weeks(writer, plan, told)
        creators.write_creators(
            writer, customers, window, np.random.default_rng([seed, CREATORS_STREAM])
        )
        creatives.write_creatives(
            writer, plan, world.tally, window, np.random.default_rng([seed, CREATIVES_STREAM])
        )
        creator_terms.write_creator_terms(
            writer, customers, plan, catalogue, window,
            np.random.default_rng([seed, CREATOR_TERMS_STREAM]),
        )
        feed_tables.write_feed(
            writer, catalogue, window, np.random.default_rng([seed, FEED_STREAM])
        )
        experiments.write_experiments(
            writer, plan, told, window, np.random.default_rng([seed, EXPERIMENTS_STREAM])
        )
        counts = dict(sorted(writer.row_counts.items()))
    return BrandSummary(customers, window.first, window.last, counts, cm1, cm2)


class _Chunk:
    """One chunk of persons, from birth to their last parcel; every step has its own stream."""

    def __init__(
        self, writer: BrandWriter, world: _World, ids: Ids, first: int, size: int,
        seed: np.random.SeedSequence,
    ) -> None:
        self._writer, self._world, self._ids = writer, world, ids
        self._lists = np.random.default_rng([LISTS_STREAM, *seed.generate_state(2)])
        self._streams = iter([np.random.default_rng(child) for child in seed.spawn(16)])
        # Surveys have a stream behind the chunk's, so that nothing else depends on them.
        self._survey_stream = np.random.default_rng(seed.spawn(1)[0])
        self._persons = make_persons(first, size, world.window, next(self._streams))

    def write(self, customers: int, signs: np.random.Generator) -> tuple[int, int]:
        """Draw and write everything; returns true CM1 and CM2 of the chunk in dollar cents.

        ``signs`` is the stream of what is said of creators, of whom a brand of so many customers
        has some.
        """
        writer, world, ids, persons = self._writer, self._world, self._ids, self._persons
        window, catalogue = world.window, world.catalogue
        heads = make_heads(persons, window, next(self._streams))
        lines, totals = make_lines(persons, heads, catalogue, next(self._streams))
        accounts = truth.make_accounts(persons, heads)
        since = accounts.own_since(persons)
        first_at = _first_orders(persons, heads)
        consent = consents.make_consent(persons, first_at, window, next(self._streams))
        profiles = mails.make_profiles(persons, consent, window, next(self._streams))
        sessions = visits.make_sessions(
            persons, heads, lines, catalogue, world.plan, world.newsletters.at,
            mails.mail_stops(persons, profiles, consent), since, window, next(self._streams),
        )
        landing, referrer = web.write_events(
            writer, persons, heads, totals, sessions, catalogue, world.plan, ids,
            world.newsletters.names, next(self._streams),
        )
        facts, outcome = self._fulfil(heads, lines, totals, next(self._streams))
        visit = np.full(heads.count, -1)
        bought = np.flatnonzero(sessions.order >= 0)
        visit[sessions.order[bought]] = bought
        accepts = consent.journals[consents.EMAIL].in_at[heads.person] == heads.at
        has_phone = shop_tables.write_orders(
            writer, persons, heads, totals,
            shop_tables.Outcome(*outcome, a.take(landing, visit), a.take(referrer, visit), accepts),
            ids, next(self._streams),
        )
        shop_tables.write_lines(writer, heads, lines, totals, catalogue, ids)
        after.write_checkouts(writer, persons, sessions, catalogue, ids, next(self._streams))
        truth.write_accounts(writer, persons, accounts, consent, ids, next(self._streams))
        has_account = since < fulfilment.NEVER
        consents.write_consent(writer, persons, consent, has_account, ids, next(self._streams))
        email_tables.write_email(
            writer, persons, heads, sessions, consent, profiles, world.newsletters, has_account,
            ids, window, next(self._streams),
        )
        lists.write_decisions(
            writer, email_tables.RELATION, profiles, email_tables.profile_ids(persons, profiles),
            window, self._lists,
        )
        gpc_at = visits.first_gpc(persons, sessions)
        consents.write_truth(writer, persons, consent, gpc_at)
        truth.write_persons(writer, persons, heads, consent, gpc_at)
        truth.write_records(writer, persons, heads, has_phone, accounts, profiles, sessions, ids)
        self._count_visits(heads, totals, sessions)
        # The last stream, so that nothing above depends on who subscribed.
        rng = next(self._streams)
        subscription_tables.write_subscriptions(
            writer, persons, heads, lines, totals, outcome[2],
            subscriptions.make_subscriptions(heads, lines, catalogue, window, rng),
            catalogue, world.rates, ids, window, rng,
        )
        creator_terms.write_creator_signs(writer, heads, lines, ids, customers, signs)
        surveys.write_surveys(writer, heads, sessions, ids, self._survey_stream)
        return margin_tables.write_margin(writer, facts, catalogue, world.rates, SCOPES, ids)

    def _fulfil(
        self, heads: Heads, lines: Lines, totals: Totals, rng: np.random.Generator
    ) -> tuple[margin_truth.Facts, tuple[a.Ints, a.Ints, a.Ints]]:
        """Parcels, payments, refunds, settlements; returns also what the order's head shows."""
        writer, world, ids, persons = self._writer, self._world, self._ids, self._persons
        window, catalogue = world.window, world.catalogue
        cancelled_at = fulfilment.cancelled_times(heads, window, rng)
        sent, shipped_at = fulfilment.make_parcels(
            persons, heads, totals, cancelled_at, window, rng
        )
        sales, main_row, card_row = fulfilment.make_payments(persons, heads, totals, rng)
        back = refunds.make_refunds(heads, lines, totals, shipped_at, cancelled_at, window, rng)
        money_back = refunds.make_refund_transactions(heads, back, sales, main_row, card_row, rng)
        refunded = group_sum(refunds.refund_totals(heads, back), back.order, heads.count)
        has_refund = np.bincount(back.order, minlength=heads.count) > 0
        disputes = fulfilment.make_chargebacks(heads, sales, main_row, has_refund, window, rng)
        settled = fulfilment.make_settlements(heads, totals, window, rng)
        first, lines_back = margin_truth.merchandise_refunds(heads, back)
        fee = refund_admin_fee(np.maximum(settled.fee, 0), lines_back[settled.order])
        reported = (first[settled.order] >= 0) & (settled.fee >= 0) & (rng.random(len(fee)) < 0.7)
        refund_fee = np.where(reported, fee, -1)
        parcels = after.join_parcels(sent, refunds.make_return_parcels(back, lines, catalogue, rng))
        transactions = after.join_transactions(sales, money_back, disputes)
        after.write_refunds(writer, heads, back, ids)
        after.write_transactions(writer, heads, transactions, ids)
        after.write_parcels(writer, heads, parcels, ids)
        after.write_settlements(writer, persons, heads, settled, refund_fee, ids)
        facts = margin_truth.Facts(
            heads, lines, totals, parcels, transactions, settled, refund_fee, back
        )
        return facts, (shipped_at, cancelled_at, refunded)

    def _count_visits(self, heads: Heads, totals: Totals, sessions: visits.Sessions) -> None:
        """Tell the ad platforms what their ads brought, in dollars."""
        world = self._world
        rows = np.flatnonzero(sessions.ad >= 0)
        order = sessions.order[rows]
        day = np.clip(sessions.start[rows] // DAY - world.window.first_day, 0,
                      world.window.day_count - 1)
        rate = world.rates.to_reporting(heads.shop[order], sessions.start[rows] // DAY)
        value = np.where(order >= 0, converted(totals.total[order], rate), -1)
        world.tally.add(sessions.ad[rows], day, value)


def _first_orders(persons: Persons, heads: Heads) -> a.Ints:
    first = np.full(persons.count, fulfilment.NEVER)
    np.minimum.at(first, heads.person, heads.at)
    return first
