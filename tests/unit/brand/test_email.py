"""The e-mail tool: events fit profiles, departures stop the mail, suppressions have reasons."""

from __future__ import annotations

from tests.unit.brand.conftest import Query

_EVENTS = "klaviyo.event e join klaviyo.metric m on m.id = e.metric_id"


def test_every_event_is_of_a_known_profile_and_not_before_it(query: Query) -> None:
    assert query(
        "select count(*) from klaviyo.event e left join klaviyo.person p on p.id = e.person_id "
        "where p.id is null or e.datetime < p.created - interval 1 hour"
    ) == [(0,)]


def test_every_click_follows_an_open_that_follows_a_delivery(query: Query) -> None:
    assert query(
        "with seen as (select person_id, campaign_id, name, min(datetime) as at from "
        f"{_EVENTS} where campaign_id is not null group by all) select count(*) from seen c "
        "left join seen o on o.person_id = c.person_id and o.campaign_id = c.campaign_id and "
        "o.name = 'Opened Email' left join seen r on r.person_id = c.person_id and r.campaign_id = "
        "c.campaign_id and r.name = 'Received Email' where c.name = 'Clicked Email' "
        "and (o.at is null or r.at is null or o.at > c.at or r.at > o.at)"
    ) == [(0,)]


def test_a_visit_by_e_mail_has_its_click(query: Query) -> None:
    visits, clicks = query(
        "select (select count(*) from truth.sessions where channel = 'email'), "
        f"(select count(*) from {_EVENTS} where m.name = 'Clicked Email')"
    )[0]
    assert visits == clicks > 0


def test_nothing_is_delivered_long_after_the_address_left(query: Query) -> None:
    assert query(
        f"select count(*) from {_EVENTS} join klaviyo.profile_subscription s on s.profile_id = "
        "e.person_id and s.channel = 'email' where m.name = 'Received Email' and "
        "s.suppression_reason in ('HARD_BOUNCE', 'SPAM_COMPLAINT') and "
        "e.datetime > s.suppression_timestamp + interval 1 day"
    ) == [(0,)]


def test_suppressed_addresses_are_those_of_the_subscriptions(query: Query) -> None:
    assert query(
        "select email, suppression_reason, suppression_timestamp from klaviyo.profile_subscription "
        "s join klaviyo.person p on p.id = s.profile_id where suppression_reason is not null "
        "except select email, reason, suppressed_at from truth.suppressed_addresses"
    ) == []


def test_the_newsletter_list_holds_exactly_the_subscribed(query: Query) -> None:
    assert query(
        "select (select count(*) from klaviyo.list_profile where list_id = 'LST001'), "
        "(select count(*) from klaviyo.profile_subscription where channel = 'email' and "
        "consent = 'SUBSCRIBED'), (select count(*) from klaviyo.list_profile l join "
        "klaviyo.profile_subscription s using (profile_id) where l.list_id = 'LST001' and "
        "s.channel = 'email' and s.consent = 'SUBSCRIBED')"
    )[0][0] > 100
    assert query(
        "select count(*) from klaviyo.list_profile l join klaviyo.profile_subscription s using "
        "(profile_id) where l.list_id = 'LST001' and s.channel = 'email' "
        "and s.consent <> 'SUBSCRIBED'"
    ) == [(0,)]
