"""What buyers say brought them, and what in truth did.

What lives here: which paid channels touched an order, by a visit or by an ad that was only seen;
``surveys.post_purchase_answer``; ``truth.order_touches``.
What never does: an estimate; how many orders a channel touched is counted, not drawn from a survey.

``truth.order_touches``: one row per online order and paid channel that touched it. ``is_clicked``:
a visit of the same person, since her order before and within 30 days, came by its ad. ``is_named``:
she said so in the survey. Buyers name a channel as often whether they clicked or only saw it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.ids import Ids
from orchestration.brand.landing_pages import PAID
from orchestration.brand.orders import Heads
from orchestration.brand.visits import Sessions
from orchestration.brand.window import DAY
from orchestration.brand.writer import TRUTH, BrandWriter

SOURCE, QUESTION = "surveys", "how_did_you_hear"
LOOKBACK = 30 * DAY
ANSWERED, SEEN_ONLY, NAMED, WRITTEN = 0.45, 0.10, 0.65, 0.1
CHANNELS = ("meta_ads", "google_ads", "tiktok_ads")
_OPTIONS = (("facebook", "instagram"), ("google", "youtube"), ("tiktok", "tiktok"))
_TEXTS = ("saw it on insta", "googled it: google", "tik tok video")
# What is left to say for who names no paid channel; the text that nobody mapped stays unmapped.
_OTHERS = ("friend or family", "podcast", "other", "email", "on a bus")
_UNMAPPED = 4
_LATER = 90  # seconds between the order and the answer


@dataclass(frozen=True)
class Touches:
    """One row per online order, one column per paid channel."""

    order: Ints
    is_clicked: Bools
    is_touched: Bools
    is_named: Bools
    is_answered: Bools


def make_touches(heads: Heads, sessions: Sessions, rng: np.random.Generator) -> Touches:
    """Draw views and answers beside the visits there are."""
    order = np.sort(sessions.order[sessions.order >= 0])
    person, at = heads.person[order], heads.at[order]
    since = np.maximum(_order_before(heads)[order], at - LOOKBACK)
    span = int(max(heads.at.max(initial=0), sessions.start.max(initial=0))) + LOOKBACK + 1
    clicked = np.zeros((len(order), len(PAID)), bool)
    for place, channel in enumerate(PAID):
        rows = sessions.channel == channel
        times = np.sort(sessions.person[rows] * span + sessions.start[rows])
        clicked[:, place] = np.searchsorted(times, person * span + at, side="right") > (
            np.searchsorted(times, person * span + since, side="right")
        )
    touched = clicked | (rng.random(clicked.shape) < SEEN_ONLY)
    answered = rng.random(len(order)) < ANSWERED
    named = touched & (rng.random(clicked.shape) < NAMED) & answered[:, None]
    return Touches(order, clicked, touched, named, answered)


def _order_before(heads: Heads) -> Ints:
    """When the person of each order ordered before, -1 for never."""
    rows = np.lexsort((heads.at, heads.person))
    before = np.full(heads.count, -1)
    same = heads.person[rows][1:] == heads.person[rows][:-1]
    before[rows[1:][same]] = heads.at[rows[:-1][same]]
    return before


def write_surveys(
    writer: BrandWriter, heads: Heads, sessions: Sessions, ids: Ids, rng: np.random.Generator
) -> None:
    """``surveys.post_purchase_answer`` and ``truth.order_touches`` of a chunk."""
    touches = make_touches(heads, sessions, rng)
    _write_answers(writer, heads, touches, ids, rng)
    row, channel = np.nonzero(touches.is_touched)
    order = touches.order[row]
    writer.write(TRUTH, "order_touches", {
        "source_relation": ids.shops(heads.shop[order]),
        "shopify_order_id": a.integer(ids.of("order", order)),
        "channel": a.pick(CHANNELS, channel),
        "is_clicked": a.flag(touches.is_clicked[row, channel]),
        "is_answered": a.flag(touches.is_answered[row]),
        "is_named": a.flag(touches.is_named[row, channel]),
        "ordered_at": a.time(heads.at[order]),
    })  # fmt: skip


def _write_answers(
    writer: BrandWriter, heads: Heads, touches: Touches, ids: Ids, rng: np.random.Generator
) -> None:
    row, channel = np.nonzero(touches.is_named)
    silent = np.flatnonzero(touches.is_answered & ~touches.is_named.any(axis=1))
    row = np.concatenate([row, silent])
    other = np.where(
        np.arange(len(row)) < len(channel), -1, rng.integers(len(_OTHERS), size=len(row))
    )
    channel = np.concatenate([channel, np.full(len(silent), -1)])
    place = np.lexsort((channel, row))
    row, channel, other = row[place], channel[place], other[place]
    number = np.arange(len(row)) - np.searchsorted(row, row, side="left") + 1
    is_written = ((channel >= 0) & (rng.random(len(row)) < WRITTEN)) | (other == _UNMAPPED)
    words = [word for pair in _OPTIONS for word in pair] + list(_OTHERS)
    option = np.where(channel >= 0, channel * 2 + rng.integers(2, size=len(row)),
                      len(_OPTIONS) * 2 + other)
    text = np.where(channel >= 0, channel, len(_TEXTS))
    order = touches.order[row]
    writer.write(SOURCE, "post_purchase_answer", {
        "_source_relation": ids.shops(heads.shop[order]),
        "response_id": a.join("response-", a.text(ids.of("order", order))),
        "answer_number": a.integer(number),
        "order_id": a.integer(ids.of("order", order)),
        "question": a.const(QUESTION, len(row)),
        "answer": a.pick(words, np.where(is_written, -1, option)),
        "free_text": a.pick((*_TEXTS, _OTHERS[_UNMAPPED]), np.where(is_written, text, -1)),
        "option_order": a.pick(("as listed", "reversed"), rng.integers(2, size=len(row))),
        "asked_at": a.time(heads.at[order] + _LATER // 2),
        "answered_at": a.time(np.minimum(heads.at[order] + _LATER, ids.end)),
        "_fivetran_deleted": a.flag(np.zeros(len(row), bool)),
    })  # fmt: skip
