"""Buyers say what touched them and nothing else, whether they clicked or only saw it."""

from __future__ import annotations

from tests.unit.brand.conftest import Query

_ANSWERS = "surveys.post_purchase_answer"


def test_every_kind_of_answer_occurs(query: Query) -> None:
    ((options, texts, several),) = query(
        "select count(distinct answer), count(distinct free_text),"
        f" count(*) filter (answer_number > 1) from {_ANSWERS}"
    )
    assert (options, texts) == (9, 4)
    assert several > 0


def test_who_names_a_channel_was_touched_by_it(query: Query) -> None:
    ((named, answers),) = query(
        "select (select count(*) from truth.order_touches where is_named),"
        f" (select count(*) from {_ANSWERS} where answer in ('facebook', 'instagram', 'google',"
        " 'youtube', 'tiktok') or free_text <> 'on a bus')"
    )
    assert named == answers > 0


def test_a_click_is_a_visit_of_the_buyer_before_the_order(query: Query) -> None:
    ((clicked, visited),) = query(
        "with touched as (select channel, ordered_at, person_id, is_clicked"
        " from truth.order_touches join truth.records as records"
        " on records.source_table = 'shopify.order'"
        " and records.source_row_id = cast(shopify_order_id as varchar)"
        " where person_id is not null)"
        " select count(*) filter (is_clicked), count(*) filter (is_clicked and exists ("
        " select 1 from truth.sessions where sessions.person_id = touched.person_id"
        " and sessions.channel = 'paid_' || replace(touched.channel, '_ads', '')"
        " and started_at between ordered_at - interval 30 day and ordered_at)) from touched"
    )
    assert clicked == visited > 0
