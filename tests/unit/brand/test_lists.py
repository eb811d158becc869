"""A list of readers holds what models must find; the brand's decisions name its profiles."""

from __future__ import annotations

import numpy as np

from orchestration.brand.lists import CLICKED, DAYS, LINKS, RECEIVED, make_list
from orchestration.brand.window import DAY
from tests.unit.brand.conftest import Query


def test_machines_click_every_link_at_once_and_people_one() -> None:
    readers = make_list(300, 0.4, np.random.default_rng(1))
    events = readers.events
    by_machine = (events.metric == CLICKED) & events.is_machine
    keys = events.profile[by_machine] * 1_000 + events.mail[by_machine]
    assert set(np.unique(keys, return_counts=True)[1]) == {LINKS}
    people = (events.metric == CLICKED) & ~events.is_machine
    assert people.sum() > 100
    assert (events.at[people] < readers.sleeps_at[events.profile[people]] + DAY).all()


def test_only_caused_orders_of_the_suppressed_fall_away() -> None:
    readers = make_list(2_000, 0.5, np.random.default_rng(2))
    orders, since = readers.orders, (DAYS - 60) * DAY
    suppressed = np.arange(2_000) % 2 == 0
    left = orders.without(suppressed, since)
    gone = suppressed[orders.profile] & orders.is_caused & (orders.at >= since)
    assert 0 < gone.sum() == len(orders.at) - len(left.at)
    assert len(orders.without(np.zeros(2_000, bool), 0).at) == len(orders.at)


def test_nobody_gets_mail_before_the_profile_is_made() -> None:
    readers = make_list(100, 0.4, np.random.default_rng(3))
    got = readers.events.metric == RECEIVED
    assert (readers.events.at[got] > readers.created[readers.events.profile[got]]).all()


def test_decisions_are_of_profiles_of_the_brand_and_of_both_arms(query: Query) -> None:
    assert query(
        "select count(*) from lists.list_decision d "
        "left join klaviyo.person p on p.id = d.profile_id "
        "where p.id is null or p.created > d.decided_at"
    ) == [(0,)]
    assert query("select count(distinct decision) from lists.list_decision") == [(2,)]
    assert query(
        "select count(*) from lists.list_decision d join klaviyo.profile_subscription s "
        "on s.profile_id = d.profile_id and s.channel = 'email' "
        "where (d.decision = 'suppress') "
        "<> coalesce(s.suppression_reason = 'USER_SUPPRESSED', false)"
    ) == [(0,)]
