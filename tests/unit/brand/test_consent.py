"""Consent over time: journals, the raw events, the truth."""

from __future__ import annotations

from tests.unit.brand.conftest import Query


def test_intervals_of_a_person_and_purpose_follow_one_another_without_gap(query: Query) -> None:
    assert query(
        "select count(*) from (select valid_from, valid_to, lead(valid_from) over (partition by "
        "person_id, purpose, channel order by valid_from) as next from truth.consent) "
        "where valid_to is distinct from next or valid_to <= valid_from"
    ) == [(0,)]
    assert query(
        "select count(*) from (select 1 from truth.consent group by person_id, purpose, channel)"
    ) == query("select 5 * count(*) from truth.persons")


def test_opted_in_always_has_an_explicit_event_at_its_start(query: Query) -> None:
    assert query(
        "select count(*) from truth.consent c where consent_state = 'opted_in' and not exists ("
        "select 1 from privacy.consent_event e where e.state = 'opted_in' and e.purpose = c.purpose"
        " and e.channel = c.channel and e.occurred_at = c.valid_from)"
    ) == [(0,)]


def test_erasure_and_gpc_end_all_permission(query: Query) -> None:
    assert query(
        "select count(*) from truth.consent join truth.persons using (person_id) where "
        "consent_state = 'opted_in' and (coalesce(valid_to, timestamp '9999-01-01') > "
        "erasure_requested_at or (channel = 'ads' and "
        "coalesce(valid_to, timestamp '9999-01-01') > gpc_seen_at))"
    ) == [(0,)]


def test_good_shares_are_in_out_and_unknown(query: Query) -> None:
    shares: dict[str, float] = dict(
        query(
            "select consent_state, count(*) / sum(count(*)) over () from truth.consent where "
            "valid_to is null and purpose = 'ads_sharing' group by 1"
        )
    )
    assert shares["opted_in"] > 0.4
    assert shares["opted_out"] > 0.1
    assert shares["unknown"] > 0.2


def test_the_shop_shows_the_last_state_of_its_accounts_address(query: Query) -> None:
    assert query(
        "with last as (select identifier_value as email, max_by(state, (occurred_at, state)) as "
        "state from privacy.consent_event where purpose = 'marketing' and channel = 'email' "
        "and identifier_type = 'email' group by 1) select count(*) from shopify.customer c join "
        "last using (email) where last.state = 'opted_in' "
        "and c.email_marketing_consent_state = 'not_subscribed' and c.state = 'enabled'"
    ) == [(0,)]


def test_phones_of_consent_are_in_international_form(query: Query) -> None:
    assert query(
        "select count(*) from privacy.consent_event where identifier_type = 'phone' "
        "and identifier_value not similar to '[+][1-9][0-9]{8,14}'"
    ) == [(0,)]
