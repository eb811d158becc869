"""Claims about who is who on the simulated brand, with rivals in the same table.

What lives here: dirt, precision, recall and over-merge of three brands that nothing was tuned on.
What never does: a model or a threshold.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from orchestration.scores.identity import IdentityScore, score_identity
from tests.proof.harness import Result, passed
from tests.proof.identity.rivals import PASSES, Rivals, score_rivals
from tests.proof.identity.world import Home, brand

SEEDS, QUICK_SEEDS = (401, 402, 403), (404,)
PERSONS, QUICK_PERSONS = 50_000, 2_000
PRECISION_MIN, RECALL_MIN, OVER_MERGE_MAX, RATIO_MIN = 0.995, 0.95, 0.003, 5.0


@dataclass(frozen=True)
class Scored:
    """One brand: its dirt, our score, the rivals' scores, stops per guard."""

    dirt: dict[str, float]
    ours: IdentityScore
    rivals: Rivals
    guards: dict[str, int]


@functools.lru_cache(maxsize=4)
def scored(quick: bool) -> tuple[Scored, ...]:
    """Every seed landed, built and scored; made once per run."""
    return tuple(_score(seed, quick) for seed in (QUICK_SEEDS if quick else SEEDS))


def _score(seed: int, quick: bool) -> Scored:
    files = brand(QUICK_PERSONS if quick else PERSONS, 18, seed)
    home = Home(f"accuracy-{seed}")
    home.land(files)
    home.build()
    return Scored(
        dirt=_dirt(str(files)),
        ours=score_identity(home.settings, files / "truth"),
        rivals=score_rivals(home.settings, str(files / "truth" / "records.parquet")),
        guards=dict(home.rows("select guard, count(*) from identity.guard_log group by guard")),
    )


def dirt(quick: bool) -> Result:
    """The brand is as dirty as the bar asks."""
    found = [one.dirt for one in scored(quick)]
    ok = all(
        one["shared devices"] >= 0.075
        and one["typos"] >= 0.03
        and one["relay"] >= 0.019
        and one["guests"] >= 0.15
        and one["two e-mails"] >= 0.10
        for one in found
    )
    return passed(
        ok,
        "; ".join(f"{name} {_range([one[name] for one in found])}" for name in found[0]),
        "8 % shared devices, 3 % typos, 2 % relay, 15 % guests, 10 % two e-mails",
    )


def precision(quick: bool) -> Result:
    """Pairs that we join and truth joins too."""
    return _bar(quick, lambda one: one.precision, PRECISION_MIN, at_least=True)


def recall(quick: bool) -> Result:
    """True pairs that we join, of all there are."""
    result = _bar(quick, lambda one: one.recall, RECALL_MIN, at_least=True)
    shared = _range([one.ours.sharing_recall for one in scored(quick)])
    return Result(f"{result.figure}; {shared} of pairs that share an identifier",
                  result.bar, result.verdict)  # fmt: skip


def over_merge(quick: bool) -> Result:
    """Customers that hold two true persons or more."""
    return _bar(quick, lambda one: one.over_merge_rate, OVER_MERGE_MAX, at_least=False)


def no_guards(quick: bool) -> Result:
    """The same records without any guard melt more people together."""
    ratios = [
        (one.rivals.no_guards.over_merge_rate or 0) / max(one.ours.over_merge_rate or 0, 1e-9)
        for one in scored(quick)
    ]
    return passed(
        min(ratios) >= RATIO_MIN,
        f"{_range(ratios, 1)} times as many; "
        + _summary([one.rivals.no_guards for one in scored(quick)]),
        f"at least {RATIO_MIN:.0f} times",
    )


def five_passes(quick: bool) -> Result:
    """Labels passed on a fixed number of times, without guards."""
    return Result(_summary([one.rivals.passes for one in scored(quick)]),
                  f"{PASSES} passes, beside ours", "NOTE")  # fmt: skip


def further(quick: bool) -> Result:
    """What else the scorer knows."""
    names = ("f1", "exact_cluster_rate", "under_merge_rate", "order_coverage",
             "known_device_rate", "device_precision")  # fmt: skip
    figures = [
        f"{name.replace('_', ' ')} {_range([getattr(one.ours, name) for one in scored(quick)])}"
        for name in names
    ]
    return Result("; ".join(figures), "", "NOTE")


def guards(quick: bool) -> Result:
    """How often each guard stopped something."""
    kinds = sorted({guard for one in scored(quick) for guard in one.guards})
    figures = [
        f"{guard} {_range([one.guards.get(guard, 0) for one in scored(quick)], 0)}"
        for guard in kinds
    ]
    return Result("; ".join(figures), "", "NOTE")


def _bar(
    quick: bool, figure: Callable[[IdentityScore], float | None], bar: float, *, at_least: bool
) -> Result:
    figures = [figure(one.ours) for one in scored(quick)]
    ok = all(one is not None and (one >= bar if at_least else one <= bar) for one in figures)
    pairs = sum(one.ours.true_pairs for one in scored(quick))
    seeds = ", ".join(map(str, QUICK_SEEDS if quick else SEEDS))
    shown = ", ".join("none" if one is None else f"{one:.4f}" for one in figures)
    return passed(
        ok,
        f"{shown} (seeds {seeds}; {QUICK_PERSONS if quick else PERSONS:,} persons each, "
        f"{pairs:,} true pairs in all)",
        f"{'at least' if at_least else 'at most'} {bar}",
    )


def _summary(scores: list[IdentityScore]) -> str:
    return (
        f"precision {_range([one.precision for one in scores])}, "
        f"recall {_range([one.recall for one in scores])}, "
        f"over-merge {_range([one.over_merge_rate for one in scores])}"
    )


def _range(figures: list[float | None] | list[float] | list[int], digits: int = 4) -> str:
    known = [one for one in figures if one is not None]
    if not known:
        return "none"
    low, high = (f"{one:,.{digits}f}" for one in (min(known), max(known)))
    return low if low == high else f"{low} to {high}"


# A typo: one edit away from the person's own address, or a mail domain that nobody has.
_DIRT = """
with orders as (
    select lower(trim(raw.email)) as email, raw.customer_id, truth.person_id, persons.email as own
    from read_parquet('{files}/shopify/order.parquet') as raw
    inner join read_parquet('{files}/truth/records.parquet') as truth
        on truth.source_table = 'shopify.order' and truth.source_row_id = cast(raw.id as varchar)
        and truth.source_relation = raw._source_relation
    inner join read_parquet('{files}/truth/persons.parquet') as persons using (person_id)
),
devices as (
    select source_relation, source_row_id, count(distinct person_id) as person_count
    from read_parquet('{files}/truth/records.parquet')
    where source_table = 'web.anonymous_id'
    group by source_relation, source_row_id
),
mails as (
    select person_id, email from orders where email is not null
    union
    select truth.person_id, lower(trim(raw.email))
    from read_parquet('{files}/klaviyo/person.parquet') as raw
    inner join read_parquet('{files}/truth/records.parquet') as truth
        on truth.source_table = 'klaviyo.person' and truth.source_row_id = raw.id
),
mailboxes as (
    select person_id, count(distinct case
        when split_part(email, '@', 2) = 'gmail.com'
            then replace(split_part(split_part(email, '@', 1), '+', 1), '.', '')
        else email
    end) as mail_count
    from mails where person_id is not null group by person_id
)
select
    (select avg(cast(person_count > 1 as integer)) from devices),
    (
        select avg(cast(split_part(email, '@', 2) in ('gmial.com', 'gmail.co', 'gamil.com')
            or (email <> own and levenshtein(email, own) = 1) as integer))
        from orders where email is not null
    ),
    (
        select avg(cast(split_part(email, '@', 2) in
            ('privaterelay.appleid.com', 'scs2.tiktokw.us') as integer))
        from orders where email is not null
    ),
    (select avg(cast(customer_id is null as integer)) from orders),
    (select avg(cast(mail_count > 1 as integer)) from mailboxes)
"""
_DIRT_NAMES = ("shared devices", "typos", "relay", "guests", "two e-mails")


def _dirt(files: str) -> dict[str, float]:
    row = duckdb.execute(_DIRT.format(files=files)).fetchone()
    assert row is not None
    return dict(zip(_DIRT_NAMES, map(float, row), strict=True))
