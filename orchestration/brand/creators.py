"""Creators, their contracts and codes, and posts that disclose well, badly or not at all.

What lives here: who is tied how, what each kind of post says, ``creators.*``, the truth about them.
What never does: the check's rules; each kind carries the answer that a reader would give.

``truth.creator_posts``: one row per post. ``verdict`` is what a reader says of it, NOT_JUDGED where
its creator has no tie; ``is_cleared`` where a fee may fall due for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import TRUTH, BrandWriter

SOURCE = "creators"
CREATORS, PERSONS_A_CREATOR = 12, 500
POSTS_A_MONTH = 2
RELATIONSHIPS, TIED = ("paid", "gift", "commission", "none"), (0.6, 0.15, 0.15, 0.1)
_PAID, _NONE = 0, 3
FEES_MINOR = (25_000, 50_000, 120_000)
LANGUAGES, SPOKEN = ("en", "de", "es", "fr", "pt"), (0.5, 0.2, 0.1, 0.1, 0.1)
PLATFORMS = ("instagram", "facebook", "tiktok", "youtube")
_FIRST_OF_VIDEO = 2
REVIEWED, CLEARED_BY_HAND, EDITED = 0.6, 0.5, 0.1


@dataclass(frozen=True)
class _Kind:
    """What a post says, by ``str.format`` over the words of its language, and what it is worth."""

    name: str
    caption: str
    verdict: str
    has_label: bool = False
    is_video: bool = False
    is_in_video: bool | None = None  # None: nobody watched


KINDS = (
    _Kind("hashtag first", "#{tag} {text}", "PASS"),
    _Kind("label first", "{label}: {text}", "PASS"),
    _Kind("hashtag last", "{text} #{tag}", "PASS"),
    _Kind("seen video", "#{tag} {text}", "PASS", is_video=True, is_in_video=True),
    _Kind("behind the fold", "{tale} #{tag}", "FAIL"),
    _Kind("pushed down", "{text}\n.\n.\n.\n.\n#{tag}", "FAIL"),
    _Kind("among hashtags", "{text} #glow #home #{tag} #weekend #love", "FAIL"),
    _Kind("weak word", "#collab {text}", "FAIL"),
    _Kind("thanks", "{thanks} @aurora! {text}", "FAIL"),
    _Kind("code", "{text} {code}", "FAIL"),
    _Kind("nothing", "{text}", "FAIL"),
    _Kind("denial", "{denial}. {text}", "FAIL"),
    _Kind("silent video", "#{tag} {text}", "FAIL", is_video=True, is_in_video=False),
    _Kind("platform's label", "{text}", "NEEDS_REVIEW", has_label=True),
    _Kind("another language", "#{other} {text}", "NEEDS_REVIEW"),
    _Kind("unseen video", "#{tag} {text}", "NEEDS_REVIEW", is_video=True),
)
WORDS = {
    "en": {
        "tag": "ad", "label": "Advertisement", "other": "werbung", "thanks": "Thanks",
        "denial": "Not an ad", "text": "This serum is all I need in winter ✨",
        "tale": "I have tried every serum on my shelf this winter, on the train, at the lake and "
        "in the office, and in the end I came back to the one that I began with.",
    },
    "de": {
        "tag": "werbung", "label": "Anzeige", "other": "ad", "thanks": "Danke",
        "denial": "Keine Werbung", "text": "Dieses Serum reicht mir im Winter ✨",
        "tale": "Ich habe in diesem Winter jedes Serum aus meinem Regal probiert, im Zug, am See "
        "und im Büro, und bin am Ende bei dem geblieben, mit dem ich angefangen habe.",
    },
    "es": {
        "tag": "publicidad", "label": "Publicidad", "other": "ad", "thanks": "Gracias",
        "denial": "No es publicidad", "text": "Este sérum me basta en invierno ✨",
        "tale": "Este invierno he probado todos los sérums de mi estante, en el tren, en el lago y "
        "en la oficina, y al final he vuelto al mismo con el que empecé en otoño.",
    },
    "fr": {
        "tag": "publicité", "label": "Publicité", "other": "ad", "thanks": "Merci",
        "denial": "Pas une publicité", "text": "Ce sérum me suffit en hiver ✨",
        "tale": "Cet hiver, j'ai essayé tous les sérums de mon étagère, dans le train, au lac et "
        "au bureau, et je suis revenue à celui avec lequel j'avais commencé en automne.",
    },
    "pt": {
        "tag": "publicidade", "label": "Publicidade", "other": "ad", "thanks": "Obrigada",
        "denial": "Não é publicidade", "text": "Este sérum me basta no inverno ✨",
        "tale": "Neste inverno testei todos os séruns da minha prateleira, no trem, no lago e no "
        "escritório, e no fim voltei para aquele com que comecei lá no outono.",
    },
}  # fmt: skip


@dataclass(frozen=True)
class _Posts:
    """One row per post; times in UTC seconds, -1 for none."""

    creator: Ints
    language: Ints
    kind: Ints
    platform: Ints
    posted_at: Ints
    edited_at: Ints
    reviewed_at: Ints
    is_disclosed_by_hand: Bools

    @property
    def count(self) -> int:
        return len(self.creator)


def write_creators(
    writer: BrandWriter, persons: int, window: Window, rng: np.random.Generator
) -> None:
    """``creators.*`` and ``truth.creator_posts`` of a brand of so many persons."""
    count = CREATORS + persons // PERSONS_A_CREATOR
    tie = rng.choice(len(RELATIONSHIPS), size=count, p=TIED)
    posts = _make_posts(count, window, rng)
    _write_contracts(writer, tie, window, rng)
    _write_codes(writer, count, window)
    _write_posts(writer, posts)
    _write_reviews(writer, posts)
    _write_truth(writer, posts, tie)


def _make_posts(creators: int, window: Window, rng: np.random.Generator) -> _Posts:
    months = max(1, round((window.last_day - window.first_day + 1) / 30))
    count = creators * months * POSTS_A_MONTH
    creator = np.arange(count) % creators
    kind = rng.integers(len(KINDS), size=count)
    is_video = np.array([each.is_video for each in KINDS])[kind]
    platform = rng.integers(_FIRST_OF_VIDEO, size=count) + np.where(is_video, _FIRST_OF_VIDEO, 0)
    posted_at = rng.integers(window.start, window.end - 3 * DAY, size=count)
    verdict = np.array([each.verdict for each in KINDS])[kind]
    is_read = (verdict == "NEEDS_REVIEW") & (rng.random(count) < REVIEWED)
    reviewed_at = np.where(is_read, posted_at + DAY, -1)
    edited_at = np.where(rng.random(count) < EDITED, posted_at + 2 * DAY, -1)
    return _Posts(
        creator, rng.choice(len(LANGUAGES), size=creators, p=SPOKEN)[creator], kind, platform,
        posted_at, edited_at, reviewed_at, rng.random(count) < CLEARED_BY_HAND,
    )


def _write_contracts(
    writer: BrandWriter, tie: Ints, window: Window, rng: np.random.Generator
) -> None:
    creator = np.flatnonzero(tie != _NONE)
    count = len(creator)
    is_unpaid = tie[creator] != _PAID
    per_post = rng.random(count) < 0.5
    writer.write(SOURCE, "creator_contract", {
        "_source_relation": a.const(SOURCE, count),
        "contract_id": _names("contract", creator),
        "creator_id": _names("creator", creator),
        "relationship": a.pick(RELATIONSHIPS, tie[creator]),
        "fee_type": a.pick(("flat", "per_post"), np.where(is_unpaid, -1, per_post)),
        "fee_amount": a.money(rng.choice(FEES_MINOR, size=count), is_unpaid),
        "currency": a.pick(("USD",), np.where(is_unpaid, -1, 0)),
        "agreed_post_count": a.integer(rng.integers(1, 4, size=count), is_unpaid),
        "starts_at": a.time(np.full(count, window.start)),
        "ends_at": a.none(count, "time"),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip


def _write_codes(writer: BrandWriter, count: int, window: Window) -> None:
    creator = np.arange(count)
    writer.write(SOURCE, "creator_code", {
        "_source_relation": a.const(SOURCE, count),
        "creator_id": _names("creator", creator),
        "code": a.take([_code(int(each)) for each in creator], creator),
        "valid_from": a.time(np.full(count, window.start)),
        "valid_to": a.none(count, "time"),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip


def _write_posts(writer: BrandWriter, posts: _Posts) -> None:
    rows = np.arange(posts.count)
    seen = np.array([each.is_in_video is not False for each in KINDS])[posts.kind]
    unseen = np.array([each.is_in_video is None for each in KINDS])[posts.kind]
    captions = [
        KINDS[kind].caption.format(code=_code(creator), **WORDS[LANGUAGES[language]])
        for kind, creator, language in zip(
            posts.kind, posts.creator, posts.language, strict=True
        )
    ]
    writer.write(SOURCE, "creator_post", {
        "_source_relation": a.const(SOURCE, posts.count),
        "post_id": _names("post", rows),
        "creator_id": _names("creator", posts.creator),
        "contract_id": a.none(posts.count),
        "platform": a.pick(PLATFORMS, posts.platform),
        "language": a.pick(LANGUAGES, posts.language),
        "media_type": a.pick(("image", "video"), (posts.platform >= _FIRST_OF_VIDEO).astype(int)),
        "caption": a.take(captions, rows),
        "has_platform_label": a.flag(np.array([each.has_label for each in KINDS])[posts.kind]),
        "has_spoken_disclosure": a.flag(seen, unseen),
        "has_on_screen_disclosure": a.flag(seen, unseen),
        "posted_at": a.time(posts.posted_at),
        "edited_at": a.time(posts.edited_at, posts.edited_at < 0),
        "_fivetran_deleted": a.flag(np.zeros(posts.count, bool)),
    })  # fmt: skip


def _write_reviews(writer: BrandWriter, posts: _Posts) -> None:
    rows = np.flatnonzero(posts.reviewed_at >= 0)
    count = len(rows)
    writer.write(SOURCE, "creator_post_review", {
        "_source_relation": a.const(SOURCE, count),
        "post_id": _names("post", rows),
        "reviewed_at": a.time(posts.reviewed_at[rows]),
        "decision": a.pick(
            ("missing", "disclosed"), posts.is_disclosed_by_hand[rows].astype(np.int64)
        ),
        "reviewed_by": a.const("reviewer", count),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip


def _write_truth(writer: BrandWriter, posts: _Posts, tie: Ints) -> None:
    names = ("PASS", "FAIL", "NEEDS_REVIEW", "NOT_JUDGED")
    of_kind = np.array([names.index(each.verdict) for each in KINDS])[posts.kind]
    is_tied = tie[posts.creator] != _NONE
    is_read = (posts.reviewed_at >= 0) & (posts.edited_at <= posts.reviewed_at)
    is_cleared = np.where(is_read, posts.is_disclosed_by_hand, of_kind == 0) & is_tied
    writer.write(TRUTH, "creator_posts", {
        "post_id": _names("post", np.arange(posts.count)),
        "creator_id": _names("creator", posts.creator),
        "kind": a.pick([each.name for each in KINDS], posts.kind),
        "verdict": a.pick(names, np.where(is_tied, of_kind, 3)),
        "is_cleared": a.flag(is_cleared),
    })  # fmt: skip


def _names(kind: str, numbers: Ints) -> a.Column:
    return a.take([f"{kind}-{number + 1:04}" for number in numbers], np.arange(len(numbers)))


def _code(creator: int) -> str:
    return f"AURORA{creator + 1:03}"
