"""Spend per credit counted a second time, in plain Python over the staged rows.

What lives here: the rule of ADR 30 as a person would do it with a pencil, in decimals.
What never does: a read of the models that it is held against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Spend:
    """What one ad cost on one day; ids are unique within the channel."""

    channel: str
    campaign: str | None
    ad_set: str | None
    ad: str
    day: date
    amount: Decimal

    def levels(self) -> tuple[str | None, ...]:
        """Finest first."""
        return (self.ad, self.ad_set, self.campaign, self.channel)


@dataclass(frozen=True)
class Credit:
    """A share of one order."""

    credit: str
    order: str
    channel: str
    campaign: str | None
    ad_set: str | None
    ad: str | None
    day: date
    ratio: Decimal

    def levels(self) -> tuple[str | None, ...]:
        return (self.ad, self.ad_set, self.campaign, self.channel)


@dataclass(frozen=True)
class Shares:
    """Where the money went."""

    by_order: Mapping[str, Decimal]
    unallocated: Mapping[tuple[str, date], Decimal]


def share_out(spends: Iterable[Spend], credits: Sequence[Credit]) -> Shares:
    """Each pool of a level and day over the credits of that level and day."""
    credited: dict[tuple[str, date, int, str], list[Credit]] = defaultdict(list)
    for credit in credits:
        for level, key in enumerate(credit.levels()):
            if key is not None:
                credited[credit.channel, credit.day, level, key].append(credit)
    pools: dict[tuple[str, date, int, str], Decimal] = defaultdict(Decimal)
    unallocated: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for spend in spends:
        found = next(
            (
                (spend.channel, spend.day, level, key)
                for level, key in enumerate(spend.levels())
                if key is not None and (spend.channel, spend.day, level, key) in credited
            ),
            None,
        )
        if found is None:
            unallocated[spend.channel, spend.day] += spend.amount
        else:
            pools[found] += spend.amount
    by_order: dict[str, Decimal] = defaultdict(Decimal)
    for pool, amount in pools.items():
        for credit, share in _largest_remainder(amount, credited[pool]):
            by_order[credit.order] += share
    return Shares(dict(by_order), dict(unallocated))


def _largest_remainder(
    amount: Decimal, credits: Sequence[Credit]
) -> Iterable[tuple[Credit, Decimal]]:
    """Whole cents by ratio, the cents left over to the largest remainders, ties to the lowest id.

    What is below a cent goes with the largest remainder.
    """
    sign = -1 if amount < 0 else 1
    cents = (abs(amount) / CENT).to_integral_value(ROUND_FLOOR)
    total = sum((credit.ratio for credit in credits), Decimal(0))
    exact = [(credit, cents * credit.ratio / total) for credit in credits]
    whole = {credit: share.to_integral_value(ROUND_FLOOR) for credit, share in exact}
    # Twenty decimals: where two remainders are equal, 28 digits of a quotient may not be.
    by_remainder = sorted(
        exact, key=lambda pair: (-round(pair[1] - whole[pair[0]], 20), pair[0].credit)
    )
    for credit, _ in by_remainder[: int(cents - sum(whole.values()))]:
        whole[credit] += 1
    below = abs(amount) - cents * CENT
    for number, (credit, _) in enumerate(by_remainder):
        yield credit, sign * (whole[credit] * CENT + (below if number == 0 else 0))
