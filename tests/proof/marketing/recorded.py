"""Claims on what others recorded: visits as their own tools cut them, and what brought each person.

What lives here: two recordings as raw web events, and what stands beside them in their own files.
What never does: the recordings; where their folder is absent nothing is claimed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.proof.harness import Result, passed
from tests.proof.marketing.recount import differences
from tests.proof.marketing.world import World, world
from tests.support import SHARED_DATA

SNOWPLOW = SHARED_DATA / "snowplow_ecommerce"
RETENTIONEERING = SHARED_DATA / "retentioneering_ecom" / "ecom.csv.gz"
SHOP = "recorded"

# An event belongs to a browser, or on a phone to the client session's user; one of neither is none.
# Snowplow tells visits by its own session id and times them by its collector's clock.
_EVENTS = """
create temp view recorded_events as
select events.event_id, coalesce(events.domain_userid, phones.user_id) as visitor,
    coalesce(events.domain_sessionid, phones.session_id) as visit,
    events.collector_tstamp::timestamptz at time zone 'UTC' as occurred_at,
    case when actions.type = 'transaction' then transactions.transaction_id end as transaction_id
from read_csv('{source}/snowplow_ecommerce_events.csv', all_varchar = true) as events
left join read_csv('{source}/com_snowplowanalytics_snowplow_client_session_1.csv',
    all_varchar = true) as phones on events.event_id = phones.root_id
left join read_csv('{source}/com_snowplowanalytics_snowplow_ecommerce_action_1.csv',
    all_varchar = true) as actions on events.event_id = actions.root_id
left join read_csv('{source}/com_snowplowanalytics_snowplow_ecommerce_transaction_1.csv',
    all_varchar = true) as transactions on events.event_id = transactions.root_id
where coalesce(events.domain_userid, phones.user_id) is not null
"""
_EXPECTED_VISITS = """
select domain_userid, start_tstamp::timestamptz at time zone 'UTC',
    end_tstamp::timestamptz at time zone 'UTC',
    coalesce(total_number_transactions::integer, 0)
from read_csv('{expected}/snowplow_ecommerce_sessions_expected.csv', all_varchar = true)
"""
_EXPECTED_TRANSACTIONS = """
select transaction_id, event_id
from read_csv('{expected}/snowplow_ecommerce_transaction_interactions_expected.csv',
    all_varchar = true)
"""
# A transaction told twice is one: its first event counts, as for an order placed in the shop.
_VISITS = """
select anonymous_id, min(occurred_at), max(occurred_at),
    count(distinct case when event_name = 'order_completed' then shopify_order_id end)
from intermediate.int_session_events group by session_id, anonymous_id
"""
_TRANSACTIONS = """
select shopify_order_id, arg_min(web_event_id, occurred_at)
from intermediate.int_session_events where event_name = 'order_completed' group by all
"""

# What the recording says brought each user, as links would say it.
_BROUGHT: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "email": ("email", {"context_campaign_source": "news", "context_campaign_medium": "email"}),
    "organic": ("organic_search", {"context_page_referrer": "https://www.google.com/"}),
    "paid_search": (
        "google_ads", {"context_campaign_source": "google", "context_campaign_medium": "cpc"}
    ),
    "social": ("organic_social", {"context_campaign_source": "facebook"}),
    "direct": ("direct", {}),
}  # fmt: skip
_NO_LINK = dict.fromkeys(
    ("context_campaign_source", "context_campaign_medium", "context_page_referrer"), ""
)
# The recording knows no money.
_AMOUNTS = (
    "subtotal_price", "total_line_items_price", "total_discounts", "total_tax", "total_price",
)
_RECORDED = """
create temp view recorded_events as
select *, cast("timestamp" as timestamp) as occurred_at,
    row_number() over (order by user_id, "timestamp", session_id, event) as number
from read_csv('{file}', all_varchar = true)
"""
_ECOM_VISITS = """
select user_id, min(occurred_at), max(occurred_at), count(*) from recorded_events
group by session_id, user_id
"""
_OUR_ECOM_VISITS = f"""
select anonymous_id, started_at, ended_at, event_count from attribution.fct_sessions
where source_relation = '{SHOP}'
"""
_ECOM_FIRST = """
select user_id, any_value(acquisition_channel), min(occurred_at) from recorded_events
where user_id in (select user_id from recorded_events where event = 'purchase')
group by user_id
"""
_OUR_ECOM_FIRST = f"""
select anonymous_id, arg_min(touches.channel, touched_at), min(touched_at)
from attribution.fct_touches as touches
inner join attribution.fct_sessions as sessions using (session_id)
where source_relation = '{SHOP}' group by anonymous_id
"""


def snowplow(quick: bool) -> Result:
    """Visits by browser, begin, end and transactions; transactions by id and event."""
    del quick
    if not SNOWPLOW.is_dir():
        return _absent(SNOWPLOW)
    connection = duckdb.connect()
    connection.execute(_EVENTS.replace("{source}", f"{SNOWPLOW}/source"))
    events = _dicts(connection, "select * from recorded_events")
    numbers = {name: number for number, name in enumerate(sorted(
        {event["transaction_id"] for event in events} - {None}
    ), 1)}  # fmt: skip
    home = world()
    home.land({"web/event": [
        _web_event(event["event_id"], event["visitor"], event["occurred_at"], "snowplow") | {
            "event": "order_completed" if event["transaction_id"] else "page_viewed",
            "order_id": numbers.get(event["transaction_id"], ""),
        } for event in events
    ]})  # fmt: skip
    home.build("stg_web__events", "int_session_events")
    names = {number: name for name, number in numbers.items()}
    ours = (set(home.rows(_VISITS)), {(names[one], event) for one, event in
            home.rows(_TRANSACTIONS)})  # fmt: skip
    expected = tuple(
        set(connection.execute(query.replace("{expected}", f"{SNOWPLOW}/expected/default"))
            .fetchall())
        for query in (_EXPECTED_VISITS, _EXPECTED_TRANSACTIONS)
    )  # fmt: skip
    return passed(
        ours == expected and len(ours[0]) > 60,
        f"{len(ours[0] & expected[0])} of {len(expected[0])} visits, "
        f"{len(ours[1] & expected[1])} of {len(expected[1])} transactions, "
        f"{len(ours[0] - expected[0]) + len(ours[1] - expected[1])} others",
        "all, and no others",
    )


def retentioneering(quick: bool) -> Result:
    """Visits by user, begin, end and events; of those who bought what brought them first."""
    del quick
    if not RETENTIONEERING.is_file():
        return _absent(RETENTIONEERING.parent)
    connection = _recording()
    home = _shop()
    visits = connection.execute(_ECOM_VISITS).fetchall()
    firsts = {(user, _BROUGHT[channel][0], at) for user, channel, at in
              connection.execute(_ECOM_FIRST).fetchall()}  # fmt: skip
    our_visits, our_firsts = home.rows(_OUR_ECOM_VISITS), set(home.rows(_OUR_ECOM_FIRST))
    credits, wrong = differences(home, SHOP)
    return passed(
        sorted(visits) == sorted(our_visits) and firsts == our_firsts and not wrong and credits > 0,
        f"{len(set(visits) & set(our_visits)):,} of {len(visits):,} visits, "
        f"{len(firsts & our_firsts)} of {len(firsts)} first touches, "
        f"{len(wrong)} of {credits:,} credits differ",
        "all; 0 differ from a recount",
    )


def _absent(folder: Path) -> Result:
    return Result(figure=f"{folder.name} is not here: nothing is claimed", bar="", verdict="NOTE")


def _dicts(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _web_event(message_id: str, visitor: str, at: object, shop: str) -> dict[str, Any]:
    return {
        "_source_relation": shop, "message_id": message_id, "anonymous_id": visitor,
        "timestamp": at, "received_at": at, "_fivetran_synced": at,
        "context_page_url": "https://shop.test/", **_NO_LINK,
    }  # fmt: skip


def _recording() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(_RECORDED.replace("{file}", str(RETENTIONEERING)))
    return connection


@functools.lru_cache(maxsize=1)
def _shop() -> World:
    """The recording as a shop's web events and orders, landed and built up to credits."""
    events = _dicts(_recording(), "select * from recorded_events order by number")
    purchases = [event for event in events if event["event"] == "purchase"]
    home = world()
    home.land({"web/event": _web_events(events), "shopify/order": _orders(purchases)})
    home.build("+fct_channel_credits")
    return home


def _web_events(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        _web_event(f"e{event['number']}", event["user_id"], event["occurred_at"], SHOP)
        | _BROUGHT[event["acquisition_channel"]][1]
        | (
            {"event": "order_completed", "order_id": event["number"], "email": _email(event)}
            if event["event"] == "purchase"
            else {"event": "page_viewed", "order_id": "", "email": ""}
        )
        for event in events
    ]


def _orders(purchases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "_source_relation": SHOP, "id": event["number"], "email": _email(event),
            "name": f"#{event['number']}", "source_name": "web", "currency": "USD",
            "presentment_currency": "USD", "taxes_included": "false", "financial_status": "paid",
            "test": "false", **dict.fromkeys(_AMOUNTS, "1.00"),
            "created_at": event["occurred_at"], "processed_at": event["occurred_at"],
            "updated_at": event["occurred_at"], "_fivetran_deleted": "false",
            "_fivetran_synced": event["occurred_at"],
        }
        for event in purchases
    ]  # fmt: skip


def _email(event: Mapping[str, Any]) -> str:
    return f"{event['user_id']}@example.test"
