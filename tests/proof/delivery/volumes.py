"""Claims about failures, limits and rejects at volume, on the simulated clock."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.faults.simulation.people import SYNCS
from tests.faults.simulation.rejects import Search, search
from tests.faults.simulation.volume import HOURS_MAX, profiles, under_failure
from tests.proof.harness import Result, passed

FAILURE_RATIO = 0.0664
DELIVERED_RATIO = 0.9999
MINUTES_MAX = 30.0
EXTRA_CALLS_MAX = 28


def failures(quick: bool) -> Result:
    """Requests of 25 rows to five objects; 6.64 % of them fail in one of eight ways."""
    seeds, people = (2, 200) if quick else (25, 1_000)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        done = list(
            pool.map(
                under_failure, range(seeds), [people] * seeds, [FAILURE_RATIO] * seeds, [25] * seeds
            )
        )
    rows = sum(one.row_count for one in done)
    decided, accepted = sum(o.decided_count for o in done), sum(o.accepted_count for o in done)
    minutes = max(one.simulated_seconds for one in done) / 60
    return passed(
        decided == rows and accepted >= DELIVERED_RATIO * rows,
        f"{rows:,} rows in {seeds} seeds: {decided / rows:.2%} decided, {accepted / rows:.3%}"
        f" delivered, at most {minutes:.0f} simulated minutes",
        f"100 % decided, {DELIVERED_RATIO:.2%} delivered in {HOURS_MAX:.0f} h;"
        " a simulation, no vendor's own figure",
    )


def million_profiles(quick: bool) -> Result:
    """New Klaviyo profiles at 50 ms a call, the sandbox counting what comes too fast.

    The quick run sends as many requests of fewer rows.
    """
    one = profiles(10_000, 100) if quick else profiles(1_000_000, 10_000)
    minutes = one.simulated_seconds / 60
    return passed(
        one.accepted_count == one.row_count and minutes <= MINUTES_MAX and one.refused_count == 0,
        f"{one.accepted_count:,} of {one.row_count:,} in {minutes:.1f} simulated minutes,"
        f" {one.request_count:,} requests, {one.refused_count} too fast;"
        f" {one.real_seconds / 60:.1f} real minutes of our own work besides",
        f"at most {MINUTES_MAX:.0f} minutes, 0 too fast",
    )


def rejects(quick: bool) -> Result:
    """Bad rows among ten thousand: by count (Meta, TikTok) or pointer (Google, Klaviyo)."""
    row_count = 1_000 if quick else 10_000
    found = [
        search(sync, row_count, bad_count, seed)
        for sync in SYNCS
        for bad_count in ((1, 3) if quick else (1, 2, 3, 5, 10))
        for seed in range(1 if quick else 3)
    ]
    single = [one for one in found if one.bad_count == 1]
    is_right = (
        all(_is_cheap_and_true(one) for one in found)
        and all(one.rejected_count == 1 for one in single)
        and all(one.never_found == 0 for one in found)
    )
    bad = sum(one.bad_count for one in found)
    at_once = sum(one.rejected_count for one in found)
    return passed(
        is_right,
        f"{bad} bad rows in {len(found)} sendings of {row_count:,} over {len(SYNCS)} objects:"
        f" {at_once} named at once, {sum(o.ambiguous_bad_count for o in found)} in doubt and named"
        f" by the next plans (at most {max(o.later_rounds for o in found)}),"
        f" {sum(o.accepted_bad_count for o in found)} accepted,"
        f" {sum(o.rejected_good_count for o in found)} good ones rejected;"
        f" at most {max(o.extra_calls for o in found)} extra calls",
        f"100 % found, at most {EXTRA_CALLS_MAX} extra calls a row, none accepted",
    )


def _is_cheap_and_true(one: Search) -> bool:
    return (
        one.extra_calls <= EXTRA_CALLS_MAX * one.bad_count
        and one.accepted_bad_count == 0
        and one.rejected_good_count == 0
    )
