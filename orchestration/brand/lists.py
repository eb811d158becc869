"""A list of readers whose worth is known: what they do, what machines do, what e-mail causes.

What lives here: readers who fall asleep, their clicks and purchases, opens and clicks of machines,
what they would have bought unwritten to; the decisions of the brand's own list.
What never does: scores, bands, values, or a rule of who may be suppressed.

A list is made for proofs beside a brand, with streams of its own. An order is e-mail's work with
``cause_ratio``; only such orders fall away where a reader is suppressed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.email import USER_SUPPRESSED, Profiles
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import BrandWriter

DAYS, LINKS = 360, 3
MAIL_EVERY_DAYS = 5
AWAKE_DAYS = 60.0
CLICKS_A_MAIL = 0.12
BUYS_A_DAY = (0.0012, 0.004)  # asleep, awake
ORDER_CENTS = 2_200
MACHINE_OPENS, SCANNED = 0.4, 0.05
RECEIVED, OPENED, CLICKED, PLACED = 0, 1, 2, 6  # as the metrics of email_tables
KEPT_SHARE = 0.05


@dataclass(frozen=True)
class ListEvents:
    """One row per event; ``link`` of a click, ``is_machine`` of an open or a click."""

    profile: Ints
    metric: Ints
    mail: Ints
    link: Ints
    is_machine: Bools
    at: Ints


@dataclass(frozen=True)
class ListOrders:
    """One row per order that is placed where everybody is written to."""

    profile: Ints
    cents: Ints
    is_caused: Bools
    at: Ints

    def without(self, suppressed: Bools, since: int) -> ListOrders:
        """What is left where these profiles get no e-mail any more."""
        kept = ~(suppressed[self.profile] & self.is_caused & (self.at >= since))
        return ListOrders(self.profile[kept], self.cents[kept], self.is_caused[kept], self.at[kept])


@dataclass(frozen=True)
class ReaderList:
    """Readers by number, and all that happened in ``DAYS`` days from 0."""

    created: Ints
    sleeps_at: Ints
    events: ListEvents
    orders: ListOrders


def make_list(count: int, cause_ratio: float, rng: np.random.Generator) -> ReaderList:
    """``count`` readers; seconds count from 0."""
    end = DAYS * DAY
    created = (rng.random(count) * 90 * DAY).astype(np.int64)
    sleeps_at = created + (rng.exponential(AWAKE_DAYS, count) * DAY).astype(np.int64)
    mails = np.arange(1, DAYS // MAIL_EVERY_DAYS) * MAIL_EVERY_DAYS * DAY
    profile, mail = np.nonzero(created[:, None] < mails[None, :])
    received = mails[mail]
    parts = [_part(profile, RECEIVED, mail, received)]
    opened = np.flatnonzero((rng.random(count) < MACHINE_OPENS)[profile])
    parts.append(_part(profile[opened], OPENED, mail[opened],
                       received[opened] + rng.integers(1, 40, len(opened)), is_machine=True))
    scanned = np.flatnonzero((rng.random(count) < SCANNED)[profile])
    for link in range(LINKS):
        parts.append(_part(profile[scanned], CLICKED, mail[scanned], received[scanned] + 8 + link,
                           link, is_machine=True))
    is_awake = received < sleeps_at[profile]
    clicked = np.flatnonzero(is_awake & (rng.random(len(profile)) < CLICKS_A_MAIL))
    at = received[clicked] + rng.integers(120, DAY, len(clicked))
    parts.append(_part(profile[clicked], OPENED, mail[clicked], at - 30))
    # A person clicks one link; machines have clicked all of them long before.
    parts.append(_part(profile[clicked], CLICKED, mail[clicked], at,
                       rng.integers(0, LINKS, len(clicked))))
    events = ListEvents(*(
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("profile", "metric", "mail", "link", "is_machine", "at")
    ))
    return ReaderList(created, sleeps_at, events,
                      _make_orders(created, sleeps_at, end, cause_ratio, rng))


def _part(
    profile: Ints, metric: int, mail: Ints, at: Ints, link: Ints | int = -1,
    is_machine: bool = False,
) -> ListEvents:
    count = len(profile)
    return ListEvents(profile, np.full(count, metric), mail, np.zeros(count, np.int64) + link,
                      np.full(count, is_machine), at)


def _make_orders(
    created: Ints, sleeps_at: Ints, end: int, cause_ratio: float, rng: np.random.Generator
) -> ListOrders:
    awake = np.minimum(sleeps_at, end) - created
    asleep = np.maximum(end - sleeps_at, 0)
    parts = []
    for rate, start, span in zip(BUYS_A_DAY, (sleeps_at, created), (asleep, awake), strict=True):
        number = rng.poisson(rate * span / DAY)
        profile = np.repeat(np.arange(len(created)), number)
        parts.append((profile, start[profile] + (rng.random(len(profile)) * span[profile])
                      .astype(np.int64)))
    profile, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    cents = (ORDER_CENTS * rng.lognormal(-0.125, 0.5, len(profile))).astype(np.int64)
    return ListOrders(profile, cents, rng.random(len(profile)) < cause_ratio, at)


def write_decisions(
    writer: BrandWriter, relation: str, profiles: Profiles, names: a.Column, window: Window,
    rng: np.random.Generator,
) -> None:
    """``lists.list_decision``: whom the brand suppressed in a quarter, whom it kept."""
    quarter = 91 * DAY
    out = np.flatnonzero((profiles.reason == USER_SUPPRESSED) & (profiles.reason_at < NEVER))
    stays = np.flatnonzero((profiles.reason < 0) & (profiles.state >= 0)
                           & (profiles.created < window.end - quarter))
    kept = stays[rng.random(len(stays)) < KEPT_SHARE]
    row = np.concatenate([out, kept])
    began = window.start + quarter * (-(-(profiles.created[kept] - window.start) // quarter))
    at = np.concatenate([profiles.reason_at[out], began])
    value = np.where(np.arange(len(row)) < len(out), rng.integers(0, 60, len(row)), 0)
    writer.write("lists", "list_decision", {
        "_source_relation": a.const(relation, len(row)),
        "profile_id": a.take(names, row),
        "decision": a.pick(["suppress", "keep_as_holdout"],
                           (np.arange(len(row)) >= len(out)) * 1),
        "decision_batch": a.join("quarter-", a.text((at - window.start) // quarter)),
        "expected_value_amount": a.money(value),
        "decided_by": a.const("crm", len(row)),
        "decided_at": a.time(at),
        "_fivetran_deleted": a.flag(np.zeros(len(row), bool)),
    })
