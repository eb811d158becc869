"""The truth of what media cost and claimed is the sum of what the platforms' own rows hold."""

from __future__ import annotations

from datetime import date

import numpy as np

from orchestration.brand.media_truth import monday
from tests.unit.brand.conftest import Query

_EPOCH = date(1970, 1, 1)


def test_weeks_begin_on_mondays() -> None:
    days = np.array([(date(2026, 10, day) - _EPOCH).days for day in (4, 5, 11, 12)])
    found = [(date(2026, 9, 28) - _EPOCH).days, *[(date(2026, 10, 5) - _EPOCH).days] * 2,
             (date(2026, 10, 12) - _EPOCH).days]  # fmt: skip
    assert monday(days).tolist() == found


def test_spend_and_claims_add_up_to_the_platforms_rows(query: Query) -> None:
    told = query("select channel, sum(spend_amount) from truth.media_weeks group by 1 order by 1")
    assert told == (
        query(
            "select 'google_ads', cast(sum(cost_micros) / 1000000 as decimal(18, 2))"
            " from google_ads.ad_stats"
            " union all select 'meta_ads', sum(spend) from facebook_ads.basic_ad"
            " union all select 'tiktok_ads', sum(spend) from tiktok_ads.ad_report_hourly order by 1"
        )
    )


def test_every_platform_claims_more_than_it_brought(query: Query) -> None:
    assert query(
        "select count(*) from (select channel from truth.media_weeks group by 1"
        " having sum(claimed_order_count) > sum(brought_order_count)"
        " and sum(brought_order_count) > 0)"
    ) == [(3,)]
