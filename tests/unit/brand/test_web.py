"""Raw events: order, identifiers, carts."""

from __future__ import annotations

from tests.unit.brand.conftest import Query


def test_the_order_event_says_what_the_order_says(query: Query) -> None:
    assert query(
        'select count(*) from web.event e join shopify."order" o on o.id = e.order_id where '
        "e._source_relation <> o._source_relation or e.timestamp <> o.processed_at or "
        "e.value <> o.total_price or e.email is distinct from o.email or e.currency <> o.currency "
        "or e.user_id is distinct from o.customer_id::varchar or e.cart_token <> o.cart_token"
    ) == [(0,)]


def test_only_login_form_and_checkout_carry_an_address(query: Query) -> None:
    assert {row[0] for row in query("select distinct event from web.event where email <> ''")} == {
        "identify",
        "checkout_started",
        "order_completed",
    }


def test_a_visit_lands_with_its_tags_and_shows_them_once(query: Query) -> None:
    assert query(
        "select count(*) from web.event where context_campaign_id is not null and "
        "context_page_url not like '%utm_id=' || context_campaign_id || '%'"
    ) == [(0,)]
    assert query(
        "select count(*) from web.event where context_click_id is not null and "
        "context_page_url not like '%' || context_click_id_type || '=' || context_click_id || '%'"
    ) == [(0,)]
    assert query(
        "select count(*) from web.event where context_campaign_source is not null "
        "and event <> 'page_viewed'"
    ) == [(0,)]


def test_the_order_knows_the_page_it_landed_on(query: Query) -> None:
    assert query(
        'select count(*) from shopify."order" o where source_name = \'web\' and not test and '
        "not exists (select 1 from web.event e where e.context_page_url = o.landing_site_base_url "
        "and e.timestamp <= o.processed_at)"
    ) == [(0,)]


def test_events_are_received_after_they_happened(query: Query) -> None:
    assert query("select count(*) from web.event where received_at < timestamp") == [(0,)]


def test_an_abandoned_checkout_shares_its_tokens_with_its_visit_and_no_order(query: Query) -> None:
    assert query(
        "select count(*) from shopify.abandoned_checkout c left join web.event e on "
        "e.checkout_token = c.token and e.event = 'checkout_started' left join shopify.\"order\" o "
        "on o.checkout_token = c.token where e.message_id is null or o.id is not null "
        "or e.cart_token <> c.cart_token or e.value <> c.total_price"
    ) == [(0,)]
