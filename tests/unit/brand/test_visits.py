"""Visits and devices."""

from __future__ import annotations

import pytest

from tests.unit.brand.conftest import Query


def test_every_web_order_has_one_visit_that_bought_it(query: Query) -> None:
    assert query(
        "with bought as (select order_id, count(*) as visits from web.event where "
        "event = 'order_completed' group by 1) select count(*) from shopify.\"order\" o left join "
        "bought on bought.order_id = o.id where source_name = 'web' and not test "
        "and visits is distinct from 1"
    ) == [(0,)]


def test_a_device_of_one_person_never_names_another(query: Query) -> None:
    assert query(
        "with owners as (select source_relation, source_row_id, min(person_id) as person_id from "
        "truth.records where source_table = 'web.anonymous_id' group by all having count(*) = 1) "
        "select count(*) from web.event e join owners o on o.source_row_id = e.anonymous_id and "
        "o.source_relation = e._source_relation join truth.records c on c.source_table = "
        "'shopify.customer' and c.source_row_id = e.user_id where c.person_id <> o.person_id"
    ) == [(0,)]


def test_devices_that_never_said_who_they_are_are_not_linkable(query: Query) -> None:
    assert query(
        "with named as (select distinct _source_relation, anonymous_id from web.event where "
        "user_id is not null or email is not null) select count(*) from truth.records r left join "
        "named n on n.anonymous_id = r.source_row_id and n._source_relation = r.source_relation "
        "where source_table = 'web.anonymous_id' and not is_shared and is_linkable "
        "and n.anonymous_id is null"
    ) == [(0,)]


def test_shared_devices_are_about_eight_per_cent(query: Query) -> None:
    share = query(
        "select avg(shared::int) from (select max(is_shared) as shared from truth.records where "
        "source_table = 'web.anonymous_id' group by source_relation, source_row_id)"
    )[0][0]
    assert share == pytest.approx(0.05, abs=0.04)


def test_gpc_is_a_matter_of_the_device(query: Query) -> None:
    assert query(
        "select count(*) from (select anonymous_id from web.event group by 1 having "
        "count(context_sec_gpc) not in (0, count(*)))"
    ) == [(0,)]
