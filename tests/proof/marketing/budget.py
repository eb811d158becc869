"""Claims on next week's money: worked numbers, the best move within the bounds, and what it risks.

What lives here: accounts of ``budget_accounts.py`` run through the models, beside what is true of
them.
What never does: an optimum, an interval or a return that the models worked out.
"""

from __future__ import annotations

import numpy as np

from tests.proof.harness import Claim, Result, passed
from tests.proof.marketing.budget_accounts import (
    REALLOC_01,
    Account,
    Floats,
    best_within_bounds,
    make_account,
    put_curves,
    put_weeks,
    recommended,
    run,
    world,
)
from tests.proof.samples import holds

# Seeds that nothing was looked at with while the models were written.
KNOWN_QUICK, KNOWN_FULL = range(61_000, 61_020), range(62_000, 62_500)
READ_QUICK, READ_FULL = range(63_000, 63_020), range(64_000, 64_500)
DRAWN_QUICK, DRAWN_FULL = range(65_000, 65_005), range(66_000, 66_060)
REGRET, LOST, WIDTH = 0.03, 0.10, 0.10
LOW, HIGH = 0.3, 0.95  # of the elasticity
CURVES = ("int_response_curves", "fct_response_curves")
BUDGET = ("int_budget_optima", "int_budget_changes", "fct_budget_recommendations")


def worked_example(quick: bool) -> Result:
    """realloc_01, every number that it prints."""
    del quick
    with world() as connection:
        put_curves(connection, REALLOC_01, np.zeros(2), np.zeros(2))
        run(connection, BUDGET)
        found = connection.execute("""
            select list(optimum_spend_amount order by channel)::double[],
                list(recommended_spend_amount order by channel)::double[],
                max(optimum_marginal_return_on_spend), min(optimum_marginal_return_on_spend),
                sum(optimum_sales_amount), sum(candidate_sales_amount),
                sum(cm2_ratio * (optimum_sales_amount - weekly_sales_amount))
            from given.fct_budget_recommendations where budget_kind = 'fixed'
        """).fetchone()
        assert found is not None
        best, told, *others = found
        free = connection.execute(
            "select optimum_spend_amount from given.fct_budget_recommendations"
            " where budget_kind = 'free' and channel = 'channel0'"
        ).fetchone()
    assert free is not None
    wanted = [
        5_718.85, 8_281.15, 9_200, 4_800, 2.2509, 2.2509, 48_082.09, 46_714.09, 936.94, 5_904.9,
    ]  # fmt: skip
    figures = [*best, *told, *map(float, others), float(free[0])]
    off = [one for one, two in zip(figures, wanted, strict=True) if abs(one - two) > 0.0051]
    return passed(
        not off and others[0] == others[1],
        f"{best[0]:,.2f} and {best[1]:,.2f} at {others[0]:.4f}, sales {others[2]:,.2f}, CM3"
        f" +{others[4]:.2f}; within 20 % {told[0]:,.0f} and {told[1]:,.0f}, sales"
        f" +{float(others[3]) - 46_000:.2f}",
        "5,718.85, 8,281.15, 2.2509, 48,082.09, 936.94; 714.09",
    )


def known(quick: bool) -> Result:
    """Accounts whose curves are told exactly: the move beside the best within the bounds."""
    worst, worst_gain, spent, held, seeds = 0.0, 0.0, 0.0, 0, KNOWN_QUICK if quick else KNOWN_FULL
    with world() as connection:
        for seed in seeds:
            account = make_account(np.random.default_rng(seed))
            nothing = np.zeros(len(account.spend))
            put_curves(connection, account, nothing, nothing)
            run(connection, BUDGET)
            told, _ = recommended(connection)
            best = best_within_bounds(account)
            now, then = account.cm2(account.spend), account.cm2(best)
            held += told is None
            spend = account.spend if told is None else told
            worst = max(worst, 1 - account.cm2(spend) / then)
            # A move of less than a cent of CM2 may as well be none.
            if then - now > 0.01:
                worst_gain = max(worst_gain, 1 - (account.cm2(spend) - now) / (then - now))
            spent = max(spent, abs(spend.sum() - account.spend.sum()))
    return passed(
        worst <= REGRET and worst_gain <= REGRET and spent < 0.01,
        f"{len(seeds)} accounts, regret at most {worst:.2e} of CM2, {worst_gain:.2e} of what"
        f" a move can win; {held} held; budget off by {spent:.4f}",
        f"at most {REGRET:.0%}; the budget is spent",
    )


def read_from_weeks(quick: bool) -> Result:
    """Accounts whose curves the models read from 26 noisy weeks and a return known with error."""
    seeds = READ_QUICK if quick else READ_FULL
    fair, follows = Tally(), Tally()
    with world() as connection:
        for seed in seeds:
            for tally, demand in ((fair, 0.0), (follows, 0.15)):
                rng = np.random.default_rng([seed, int(demand > 0)])
                account = make_account(rng)
                put_weeks(connection, account, demand, rng)
                run(connection, (*CURVES, *BUDGET))
                tally.add(account, *recommended(connection))
    regret = float(np.mean(fair.regrets))
    return passed(
        regret <= REGRET and fair.unsure == follows.unsure == 0 and fair.moved > 0
        and holds(fair.lost, fair.moved, LOST, "at most", quick),
        f"{len(seeds)} accounts: regret {regret:.2%} of CM2 (worst {max(fair.regrets):.2%}),"
        f" {fair.moved} moved, {fair.unsure} of them with p5 <= 0; {fair.negative:.1%} lost in"
        f" truth; {fair.won:.0%} of what could be won. Where spend follows demand"
        f" {follows.moved} moved, {follows.negative:.1%} lost",
        f"regret {REGRET:.0%} in the mean, 0 with p5 <= 0, at most {LOST:.0%} lost"
        f"{', or by chance' if quick else ''}",
    )  # fmt: skip


class Tally:
    """What came of the moves of many accounts."""

    def __init__(self) -> None:
        self.regrets: list[float] = []
        self.gains: list[float] = []
        self.possible = 0.0
        self.unsure = 0

    def add(self, account: Account, told: Floats | None, low: float) -> None:
        now, best = account.cm2(account.spend), account.cm2(best_within_bounds(account))
        spend = account.spend if told is None else told
        self.regrets.append(1 - account.cm2(spend) / best)
        self.possible += best - now
        if told is not None:
            self.unsure += low <= 0
            self.gains.append(account.cm2(spend) - now - float((spend - account.spend).sum()))

    @property
    def moved(self) -> int:
        return len(self.gains)

    @property
    def lost(self) -> int:
        return sum(gain < 0 for gain in self.gains)

    @property
    def negative(self) -> float:
        return self.lost / self.moved if self.gains else 0.0

    @property
    def won(self) -> float:
        return sum(self.gains) / self.possible


def intervals(quick: bool) -> Result:
    """Percentiles of what a plan changes beside those of 400,000 draws of another generator."""
    worst, seeds = 0.0, DRAWN_QUICK if quick else DRAWN_FULL
    with world() as connection:
        for seed in seeds:
            rng = np.random.default_rng(seed)
            account = make_account(rng)
            count = len(account.spend)
            level, shape = rng.uniform(0.05, 0.4, count), rng.uniform(0.02, 0.15, count)
            put_curves(connection, account, level, shape)
            run(connection, BUDGET[:2])
            spend = np.array([row[0] for row in connection.execute(
                "select capped_spend_amount::double from given.int_budget_optima"
                " where budget_kind = 'fixed' order by channel"
            ).fetchall()])  # fmt: skip
            bounds = connection.execute(
                "select cm3_change_low_amount::double, cm3_change_amount::double,"
                " cm3_change_high_amount::double from given.int_budget_changes"
                " where budget_kind = 'fixed' and channel = 'all' and quarter_count = 4"
            ).fetchone()
            assert bounds is not None
            draws = rng.normal(size=(2, 400_000, count))
            drawn = np.clip(account.elasticity + shape * draws[1], LOW, HIGH)
            sales = account.sales * np.exp(level * draws[0])
            change = account.margin * sales * ((spend / account.spend) ** drawn - 1)
            low, middle, high = np.percentile(change.sum(axis=1), (5, 50, 95))
            off = np.abs(np.array(bounds) - (low, middle, high)) / (high - low)
            worst = max(worst, float(off.max()))
    return passed(
        worst <= WIDTH, f"{len(seeds)} plans, at most {worst:.1%} of the interval apart",
        f"at most {WIDTH:.0%}",
    )  # fmt: skip


CLAIMS = [
    Claim(
        "realloc_01", "realloc_01: where the next unit of spend is worth the same", worked_example
    ),
    Claim("budget_known", "Of known curves the move is the best within the bounds", known),
    Claim(
        "budget_read", "Of curves read from weeks few moves lose, and little is missed",
        read_from_weeks,
    ),
    Claim("budget_draws", "What a plan may change lies where other draws say", intervals),
]  # fmt: skip
