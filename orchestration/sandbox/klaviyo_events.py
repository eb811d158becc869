"""Events of the simulated Klaviyo account.

What lives here: ``/api/event-bulk-create-jobs``; an event is refused whose ``unique_id`` was there.
What never does: a status. The vendor answers 202 and says no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestration.sandbox.klaviyo_profiles import (
    IDENTIFIERS,
    RowFailure,
    apply_profile,
    check_profile,
)
from orchestration.sandbox.klaviyo_wire import check_count, errors_response, guarded, read_data
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import Refusal, check_keys

EVENTS_MAX = 1_000
METRIC_NAME_MAX = 128
TEXT_BYTES_MAX = 100_000
_KEYS = {"properties", "time", "value", "value_currency", "unique_id", "metric", "backfill"}


class KlaviyoEvents:
    """The account's events; a metric comes to be by its first event."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoint below the base URL."""
        return [Route("/api/event-bulk-create-jobs", guarded(self._create), methods=["POST"])]

    async def _create(self, request: Request) -> Response:
        data = await read_data(request, "event-bulk-create-job", {"type", "attributes"})
        at = "/data/attributes"
        bulk = check_keys(data["attributes"], at, {"events-bulk-create"}, {"events-bulk-create"})
        at = f"{at}/events-bulk-create"
        entries = check_keys(bulk["events-bulk-create"], at, {"data"}, {"data"})["data"]
        check_count(entries, f"{at}/data", EVENTS_MAX)
        checked = [_entry(entry, f"{at}/data/{index}") for index, entry in enumerate(entries)]
        if sum(len(events) for _, events in checked) > EVENTS_MAX:
            raise Refusal(400, "invalid", f"{at}/data", f"send 1 to {EVENTS_MAX} events")
        return self._take(checked, at)

    def _take(
        self, checked: list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]], at: str
    ) -> Response:
        refused = [
            Refusal(409, "duplicate", f"{at}/data/{index}", "unique_id was sent before")
            for index, (profile, events) in enumerate(checked)
            if any(self._is_known(profile, event) for event in events)
        ]
        if refused:
            return errors_response(refused)
        try:
            with self._truth.transaction():
                for index, (profile, events) in enumerate(checked):
                    self._keep(profile, events, f"{at}/data/{index}")
                self._truth.log_write("klaviyo", "bulk_events", "", len(checked))
        except Refusal as refusal:
            return errors_response([refusal])
        return Response(status_code=202)

    def _is_known(self, profile: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
        # Without an id of its own the second event of a second is dropped without a word.
        key = _event_key(profile, event)
        return "unique_id" in event and self._truth.has_fact(
            "klaviyo", "events", _metric(event), key
        )

    def _keep(self, profile: Mapping[str, Any], events: list[Mapping[str, Any]], at: str) -> None:
        try:
            profile_id, _ = apply_profile(self._truth, profile, clears=False)
        except RowFailure as failure:
            where = f"{at}/attributes/profile/data{failure.where}"
            raise Refusal(400, failure.code, where) from None
        for event in events:
            body = {"profile": profile_id, **event}
            key = _event_key(profile, event)
            self._truth.add_fact("klaviyo", "events", _metric(event), key, body)


def _metric(event: Mapping[str, Any]) -> str:
    return str(event["metric"]["data"]["attributes"]["name"])


def _event_key(profile: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Known by profile and id; without an id by the second: two in one are one."""
    attributes = profile["attributes"]
    person = next((str(attributes[name]) for name in IDENTIFIERS if attributes.get(name)), "")
    return f"{person}:{event.get('unique_id') or str(event.get('time'))[:19]}"


def _entry(entry: Any, at: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    entry = check_keys(entry, at, {"type", "attributes"}, {"type", "attributes"})
    if entry["type"] != "event-bulk-create":
        raise Refusal(400, "invalid", f"{at}/type", "type is not event-bulk-create")
    names = {"profile", "events"}
    attributes = check_keys(entry["attributes"], f"{at}/attributes", names | {"backfill"}, names)
    if not isinstance(attributes.get("backfill", False), bool):
        raise Refusal(400, "invalid", f"{at}/attributes/backfill", "not true or false")
    profile = check_keys(attributes["profile"], f"{at}/attributes/profile", {"data"}, {"data"})
    check_profile(profile["data"], f"{at}/attributes/profile/data")
    events = check_keys(attributes["events"], f"{at}/attributes/events", {"data"}, {"data"})
    check_count(events["data"], f"{at}/attributes/events/data", EVENTS_MAX)
    where = f"{at}/attributes/events/data"
    return profile["data"], [_event(one, f"{where}/{n}") for n, one in enumerate(events["data"])]


def _event(event: Any, at: str) -> Mapping[str, Any]:
    event = check_keys(event, at, {"type", "attributes"}, {"type", "attributes"})
    if event["type"] != "event":
        raise Refusal(400, "invalid", f"{at}/type", "type is not event")
    at = f"{at}/attributes"
    attributes = check_keys(event["attributes"], at, _KEYS, {"properties", "metric"})
    if not isinstance(attributes["properties"], Mapping):
        raise Refusal(400, "invalid", f"{at}/properties", "not an object")
    if any(len(str(text)) > TEXT_BYTES_MAX for text in attributes["properties"].values()):
        raise Refusal(400, "invalid", f"{at}/properties", f"more than {TEXT_BYTES_MAX} bytes")
    _check_metric(attributes["metric"], f"{at}/metric")
    value = attributes.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Refusal(400, "invalid", f"{at}/value", "not a number")
    try:
        moment = datetime.fromisoformat(str(attributes.get("time", "2020-01-01")))
    except ValueError:
        raise Refusal(400, "invalid", f"{at}/time", "not a time") from None
    if moment.year <= 1990:
        raise Refusal(400, "invalid", f"{at}/time", "before the year 1990")
    return attributes


def _check_metric(metric: Any, at: str) -> None:
    data = check_keys(metric, at, {"data"}, {"data"})["data"]
    data = check_keys(data, f"{at}/data", {"type", "attributes"}, {"type", "attributes"})
    name = check_keys(data["attributes"], f"{at}/data/attributes", {"name", "service"}, {"name"})
    if data["type"] != "metric" or not 1 <= len(str(name["name"])) < METRIC_NAME_MAX:
        raise Refusal(400, "invalid", f"{at}/data", "no metric with a name below 128 characters")
