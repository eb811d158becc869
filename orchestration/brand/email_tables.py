"""The e-mail tool's raw tables.

What lives here: everything under ``klaviyo``, and ``truth.suppressed_addresses``.
What never does: decisions (``email.py``).
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.consent import SMS, Consent
from orchestration.brand.email import (
    BOUNCED,
    CLICKED,
    HARD_BOUNCE,
    OPENED,
    PLACED,
    Events,
    Newsletters,
    Profiles,
    make_events,
)
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.orders import Heads
from orchestration.brand.persons import PRIMARY, SECOND, Persons
from orchestration.brand.phones import raw_phones
from orchestration.brand.visits import Sessions
from orchestration.brand.window import Window
from orchestration.brand.writer import TRUTH, BrandWriter

RELATION = "aurora-klaviyo"
METRICS = ("Received Email", "Opened Email", "Clicked Email", "Bounced Email", "Unsubscribed",
           "Marked Email as Spam", "Placed Order")
_METRIC_IDS = tuple(f"MTR{number:03d}" for number in range(len(METRICS)))
_FLOWS = ("Welcome Series", "Abandoned Cart", "Post Purchase", "Win-Back")
_FLOW_IDS = tuple(f"FLW{number:03d}" for number in range(len(_FLOWS)))
_LISTS = ("Newsletter", "SMS Subscribers", "Early Access")
_LIST_IDS = ("LST001", "LST002", "LST003")
_REASONS = ("HARD_BOUNCE", "SPAM_COMPLAINT", "UNSUBSCRIBE", "USER_SUPPRESSED")


def write_setting(writer: BrandWriter, window: Window, newsletters: Newsletters) -> None:
    """Metrics, campaigns, flows and lists: once per brand."""

    def relation(count: int) -> a.Column:
        return a.const(RELATION, count)

    writer.write("klaviyo", "metric", {
        "_source_relation": relation(len(METRICS)),
        "id": a.pick(_METRIC_IDS, np.arange(len(METRICS))),
        "name": a.pick(METRICS, np.arange(len(METRICS))),
        "integration_name": a.pick(["Klaviyo", "Shopify"], (np.arange(len(METRICS)) == PLACED) * 1),
    })
    count = len(newsletters.ids)
    writer.write("klaviyo", "campaign", {
        "_source_relation": relation(count), "id": a.pick(newsletters.ids, np.arange(count)),
        "name": a.pick(newsletters.names, np.arange(count)),
        "subject": a.take(["New this week", "Your favourites are back", "A little something"],
                          np.arange(count) % 3),
        "status": a.const("Sent", count), "from_email": a.const("news@aurora-store.com", count),
        "send_time": a.time(newsletters.at),
    })
    count = len(_FLOWS)
    writer.write("klaviyo", "flow", {
        "_source_relation": relation(count), "id": a.pick(_FLOW_IDS, np.arange(count)),
        "name": a.pick(_FLOWS, np.arange(count)), "status": a.const("live", count),
    })
    count = len(_LISTS)
    made = a.time(np.full(count, window.start))
    writer.write("klaviyo", "list", {
        "_source_relation": relation(count), "id": a.pick(_LIST_IDS, np.arange(count)),
        "name": a.pick(_LISTS, np.arange(count)),
        "opt_in_process": a.pick(["double_opt_in", "single_opt_in"], np.array([0, 1, 1])),
        "created": made, "updated": made,
    })


def write_email(
    writer: BrandWriter, persons: Persons, heads: Heads, sessions: Sessions, consent: Consent,
    profiles: Profiles, newsletters: Newsletters, has_account: Bools, ids: Ids, window: Window,
    rng: np.random.Generator,
) -> None:
    """Profiles, events, memberships and subscriptions of a chunk."""
    events = make_events(persons, heads, sessions, consent, profiles, newsletters, window, rng)
    seen = np.full(profiles.count, -1)
    np.maximum.at(seen, events.profile, events.at)
    _write_profiles(writer, persons, profiles, seen, has_account, ids, rng)
    _write_events(writer, profiles, events, newsletters, persons, ids)
    _write_subscriptions(writer, persons, consent, profiles, rng)


def profile_ids(persons: Persons, profiles: Profiles) -> a.Column:
    return a.join("01J", a.hexes(persons.number[profiles.person] * 2 + (profiles.kind == SECOND),
                                 61, 16))


def _write_profiles(
    writer: BrandWriter, persons: Persons, profiles: Profiles, seen: Ints, has_account: Bools,
    ids: Ids, rng: np.random.Generator,
) -> None:
    person, count = profiles.person, profiles.count
    linked = has_account[person] & (profiles.kind == PRIMARY) & (rng.random(count) < 0.3)
    account = ids.account(persons, person, np.zeros(count, np.int64))
    style = np.where(rng.random(count) < 0.4, 2, -1)
    named = rng.random(count) < 0.85
    writer.write("klaviyo", "person", {
        "_source_relation": a.const(RELATION, count),
        "id": profile_ids(persons, profiles),
        "email": persons.mail_texts(person, profiles.kind),
        "phone_number": raw_phones(persons, person, style),
        "external_id": a.where(linked, a.text(account)),
        "first_name": a.where(named, persons.first_names(person)),
        "last_name": a.where(named, persons.last_names(person)),
        "city": persons.cities(person), "region": persons.regions(person),
        "zip": persons.zips(person), "country": persons.country_codes(person),
        "created": a.time(profiles.created),
        "updated": a.time(np.maximum(seen, profiles.created)),
        "last_event_date": a.time(seen, seen < 0),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })


def _write_events(
    writer: BrandWriter, profiles: Profiles, events: Events, newsletters: Newsletters,
    persons: Persons, ids: Ids,
) -> None:
    count = len(events.profile)
    soft = events.metric == BOUNCED
    hard = profiles.reason[events.profile] == HARD_BOUNCE
    writer.write("klaviyo", "event", {
        "_source_relation": a.const(RELATION, count),
        "id": a.join("ev", a.text(ids.rows("klaviyo_event", count))),
        "person_id": a.take(profile_ids(persons, profiles), events.profile),
        "metric_id": a.pick(_METRIC_IDS, events.metric),
        "datetime": a.time(events.at),
        "campaign_id": a.pick(newsletters.ids, events.newsletter),
        "flow_id": a.pick(_FLOW_IDS, events.flow),
        "property_url": a.pick(["https://aurora-store.com/"],
                               np.where(events.metric == CLICKED, 0, -1)),
        "property_client_name": a.pick(
            ["Apple Mail", "Gmail"],
            np.where(events.metric == OPENED, np.where(events.is_machine, 0, 1), -1)),
        "property_bounce_type": a.pick(["Hard", "Soft"],
                                       np.where(soft, np.where(hard, 0, 1), -1)),
        "is_machine_open": a.flag(events.is_machine, events.metric != OPENED),
    })


def _write_subscriptions(
    writer: BrandWriter, persons: Persons, consent: Consent, profiles: Profiles,
    rng: np.random.Generator,
) -> None:
    names = profile_ids(persons, profiles)
    sms = consent.journals[SMS]
    has_sms = (profiles.kind == PRIMARY) & persons.has_phone[profiles.person]
    by_phone = np.flatnonzero(has_sms)
    sms_out = sms.out_at[profiles.person] < NEVER
    sms_back = sms.lifts[profiles.person]
    sms_in = sms.in_at[profiles.person] < NEVER
    sms_state = np.where(sms_back, 1, np.where(sms_out, -1, np.where(sms_in, 1, 0)))
    sms_at = np.where(sms_back, sms.back_at[profiles.person], np.where(
        sms_out, sms.out_at[profiles.person], sms.in_at[profiles.person]))
    row = np.concatenate([np.arange(profiles.count), by_phone])
    is_sms = np.arange(len(row)) >= profiles.count
    state = np.where(is_sms, sms_state[row], profiles.state[row])
    at = np.where(is_sms, sms_at[row], profiles.state_at[row])
    reason = np.where(is_sms, -1, profiles.reason[row])
    known = state != 0
    writer.write("klaviyo", "profile_subscription", {
        "_source_relation": a.const(RELATION, len(row)),
        "profile_id": a.take(names, row),
        "channel": a.pick(["email", "sms"], is_sms * 1),
        "consent": a.pick(["UNSUBSCRIBED", "NEVER_SUBSCRIBED", "SUBSCRIBED"], state + 1),
        "consent_timestamp": a.time(np.where(known, at, 0), ~known),
        "last_updated": a.time(np.where(known, at, profiles.created[row])),
        "method": a.pick(["FORM", "API"], np.where(known, row % 2, -1)),
        "double_optin": a.flag((state == 1) & (rng.random(len(row)) < 0.4)),
        "suppression_reason": a.pick(_REASONS, reason),
        "suppression_timestamp": a.time(
            np.where(reason >= 0, profiles.reason_at[row], 0), reason < 0),
    })
    joined = np.flatnonzero(profiles.state == 1)
    early = joined[rng.random(len(joined)) < 0.08]
    texted = by_phone[sms_state[by_phone] == 1]
    member = np.concatenate([joined, texted, early])
    kind = np.repeat([0, 1, 2], [len(joined), len(texted), len(early)])
    since = np.where(kind == 1, sms_at[member], profiles.state_at[member])
    writer.write("klaviyo", "list_profile", {
        "_source_relation": a.const(RELATION, len(member)),
        "list_id": a.pick(_LIST_IDS, kind), "profile_id": a.take(names, member),
        "joined_group_at": a.time(since),
    })
    rows = np.flatnonzero(profiles.reason >= 0)
    writer.write(TRUTH, "suppressed_addresses", {
        "person_id": a.integer(persons.number[profiles.person[rows]]),
        "email": persons.mail_texts(profiles.person[rows], profiles.kind[rows]),
        "reason": a.pick(_REASONS, profiles.reason[rows]),
        "suppressed_at": a.time(profiles.reason_at[rows]),
    })
