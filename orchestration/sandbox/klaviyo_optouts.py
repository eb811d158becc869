"""Opt-outs of the simulated Klaviyo account.

What lives here: suppressions with their job, unsubscriptions, and erasures.
What never does: the way back; a call that would lift an opt-out finds no endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestration.sandbox.klaviyo_profiles import RowFailure, apply_profile
from orchestration.sandbox.klaviyo_wire import check_count, guarded, json_response, read_data
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import E164, EMAIL, Refusal, check_keys

ROWS_MAX = 100
POLLS_UNTIL_DONE = 2
SUPPRESSED_AT = "2026-01-01T00:00:00+00:00"


class KlaviyoOptOuts:
    """Who asked to be left alone; only an erasure takes the record of it away."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        suppressions = "/api/profile-suppression-bulk-create-jobs"
        unsubscriptions = "/api/profile-subscription-bulk-delete-jobs"
        erasures = "/api/data-privacy-deletion-jobs"
        return [
            Route(suppressions, guarded(self._suppress, 750), methods=["POST"]),
            Route(suppressions + "/{id}", guarded(self._job, 750), methods=["GET"]),
            Route(unsubscriptions, guarded(self._unsubscribe, 750), methods=["POST"]),
            Route(erasures, guarded(self._erase, 60), methods=["POST"]),
        ]

    async def _suppress(self, request: Request) -> Response:
        type_name = "profile-suppression-bulk-create-job"
        data = await read_data(request, type_name, {"type", "attributes"})
        emails = [
            _address(check_keys(attributes, at, {"email"}, {"email"}), at)
            for attributes, at in _profiles(data)
        ]
        with self._truth.transaction():
            for email in emails:
                self._note_suppressed(email, "USER_SUPPRESSED")
            job_id = f"suppression-{self._truth.next_number('job'):08d}"
            self._truth.save_job("klaviyo", job_id, {"total": len(emails)})
            self._truth.log_write("klaviyo", "suppress", "", len(emails))
        return json_response({"data": _job(job_id, len(emails), "queued")}, status=202)

    async def _job(self, request: Request) -> Response:
        job_id = request.path_params["id"]
        polled = self._truth.poll_job("klaviyo", job_id)
        if polled is None:
            raise Refusal(404, "not_found", detail="no such job")
        status = "complete" if polled[0] >= POLLS_UNTIL_DONE else "processing"
        return json_response({"data": _job(job_id, polled[1]["total"], status)})

    async def _unsubscribe(self, request: Request) -> Response:
        type_name = "profile-subscription-bulk-delete-job"
        # A list beside it would unsubscribe whoever is not in that list: never sent by us.
        data = await read_data(request, type_name, {"type", "attributes"})
        leaving = [_channels(attributes, at) for attributes, at in _profiles(data)]
        with self._truth.transaction():
            for channels in leaving:
                for channel, value in channels:
                    self._truth.add_fact("klaviyo", "unsubscribed", channel, value, {})
                    if channel == "email":
                        self._note_suppressed(value, "UNSUBSCRIBE")
            self._truth.log_write("klaviyo", "unsubscribe", "", len(leaving))
        return Response(status_code=202)

    async def _erase(self, request: Request) -> Response:
        data = await read_data(request, "data-privacy-deletion-job", {"type", "attributes"})
        at = "/data/attributes/profile"
        attributes = check_keys(data["attributes"], "/data/attributes", {"profile"}, {"profile"})
        profile = check_keys(attributes["profile"], at, {"data"}, {"data"})["data"]
        at = f"{at}/data"
        check_keys(profile, at, {"type", "id", "attributes"}, {"type", "attributes"})
        names = {"email", "phone_number"}
        given = dict(check_keys(profile["attributes"], f"{at}/attributes", names))
        if "id" in profile:
            given["id"] = profile["id"]
        if profile["type"] != "profile" or len(given) != 1:
            raise Refusal(400, "invalid", at, "give exactly one identifier")
        ((column, value),) = given.items()
        value = _identifier(column, value, f"{at}/attributes")
        with self._truth.transaction():
            found = self._truth.find_profile(column, value)
            gone = {value}
            if found is not None:
                self._truth.delete_profile(found[0])
                held = [found[1].get(one) for one in ("email", "phone_number", "external_id")]
                gone |= {found[0], *(str(one) for one in held if one)}
            self._truth.forget_facts("klaviyo", gone)
            self._truth.log_write("klaviyo", "erase", "", 1)
            self._truth.note_erasure("klaviyo", f"{column}:{value}")
        return Response(status_code=202)

    def _note_suppressed(self, email: str, reason: str) -> None:
        profile = {"type": "profile", "attributes": {"email": email}}
        try:
            apply_profile(self._truth, profile, clears=False)
        except RowFailure as failure:
            raise Refusal(failure.status, failure.code, failure.where) from None
        self._truth.add_fact("klaviyo", "suppressed", "", email, {"reason": reason})


def subscriptions(truth: Truth, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a profile may still be sent, as the vendor shows it."""
    noted = truth.fact("klaviyo", "suppressed", "", str(attributes.get("email", "")).lower())
    listed = [{"reason": noted["reason"], "timestamp": SUPPRESSED_AT}] if noted else []
    marketing = {"can_receive_email_marketing": not listed, "suppression": listed}
    return {"email": {"marketing": marketing}}


def _profiles(data: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Attributes of each profile of a request, and where they stand."""
    at = "/data/attributes/profiles"
    attributes = check_keys(data["attributes"], "/data/attributes", {"profiles"}, {"profiles"})
    entries = check_keys(attributes["profiles"], at, {"data"}, {"data"})["data"]
    check_count(entries, f"{at}/data", ROWS_MAX)
    found = []
    for index, entry in enumerate(entries):
        where = f"{at}/data/{index}"
        check_keys(entry, where, {"type", "attributes"}, {"type", "attributes"})
        if entry["type"] != "profile":
            raise Refusal(400, "invalid", f"{where}/type", "type is not profile")
        found.append((entry["attributes"], f"{where}/attributes"))
    return found


def _channels(attributes: Any, at: str) -> list[tuple[str, str]]:
    names = {"email", "phone_number", "subscriptions"}
    check_keys(attributes, at, names, {"subscriptions"})
    channels = check_keys(attributes["subscriptions"], f"{at}/subscriptions", {"email", "sms"})
    found = []
    for channel, column in (("email", "email"), ("sms", "phone_number")):
        if (channel in channels) != (column in attributes):
            raise Refusal(400, "invalid", at, f"{channel} without {column}, or the reverse")
        if channel in channels:
            where = f"{at}/subscriptions/{channel}"
            kind = check_keys(channels[channel], where, {"marketing"}, {"marketing"})["marketing"]
            if check_keys(kind, where, {"consent"}, {"consent"})["consent"] != "UNSUBSCRIBED":
                raise Refusal(400, "invalid", where, "consent is not UNSUBSCRIBED")
            found.append((channel, _identifier(column, attributes[column], at)))
    if not found:
        raise Refusal(400, "invalid", at, "no channel")
    return found


def _address(attributes: Mapping[str, Any], at: str) -> str:
    return _identifier("email", attributes["email"], at)


def _identifier(column: str, value: Any, at: str) -> str:
    forms = {"email": EMAIL, "phone_number": E164}
    if not isinstance(value, str) or (column in forms and not forms[column].fullmatch(value)):
        raise Refusal(400, "invalid", f"{at}/{column}", "not usable")
    return value.lower() if column == "email" else value


def _job(job_id: str, total: int, status: str) -> dict[str, Any]:
    done = total if status == "complete" else 0
    attributes = {
        "status": status, "total_count": total, "completed_count": done, "skipped_count": 0,
        "created_at": SUPPRESSED_AT,
    }
    return {"type": "profile-suppression-bulk-create-job", "id": job_id, "attributes": attributes}
