"""Klaviyo's endpoints, as strict as the real ones.

What lives here: import jobs, profiles and lists of the simulated account, and its other endpoints.
What never does: subscribing. There is no endpoint that grants consent, so a call to one is 404.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestration.sandbox.klaviyo_events import KlaviyoEvents
from orchestration.sandbox.klaviyo_optouts import KlaviyoOptOuts, subscriptions
from orchestration.sandbox.klaviyo_profiles import (
    RowFailure,
    apply_profile,
    check_profile,
    public_profile,
)
from orchestration.sandbox.klaviyo_wire import (
    BYTES_MAX,
    CONTENT_TYPE,
    check_count,
    data_of,
    error_response,
    guarded,
    json_response,
    page,
)
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import Refusal, check_keys, read_json

__all__ = ["Klaviyo", "error_response"]

PROFILES_MAX, MEMBERS_MAX = 10_000, 1_000
POLLS_UNTIL_DONE = 2
_FILTER = re.compile(r"(any|equals)\((id|email|phone_number|external_id),(.+)\)", re.DOTALL)
_SUPPRESSED = re.compile(
    r'greater-than\(subscriptions\.email\.marketing\.suppression\.timestamp,"[0-9TZ:-]+"\)'
)


class Klaviyo:
    """One account; ``routes`` are mounted where its base URL points."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        job, members = "/api/profile-bulk-import-jobs", "/api/lists/{id}/relationships/profiles"
        return [
            Route(job, guarded(self._start_import), methods=["POST"]),
            Route(job + "/{id}", guarded(self._job), methods=["GET"]),
            Route(job + "/{id}/import-errors", guarded(self._errors), methods=["GET"]),
            Route("/api/profile-import", guarded(self._import_one), methods=["POST"]),
            Route("/api/profiles", guarded(self._find), methods=["GET"]),
            Route("/api/profiles/{id}", guarded(self._patch), methods=["PATCH"]),
            Route(members, guarded(self._list_members), methods=["GET"]),
            Route(members, guarded(self._change_members), methods=["POST", "DELETE"]),
            *KlaviyoEvents(self._truth).routes(),
            *KlaviyoOptOuts(self._truth).routes(),
        ]

    async def _start_import(self, request: Request) -> Response:
        body = await read_json(request, content_type=CONTENT_TYPE, bytes_max=BYTES_MAX)
        data = data_of(body, "profile-bulk-import-job", {"type", "attributes", "relationships"})
        attributes = check_keys(data.get("attributes"), "/data/attributes", {"profiles"})
        where = "/data/attributes/profiles"
        profiles = check_keys(attributes.get("profiles"), where, {"data"}, {"data"})["data"]
        check_count(profiles, f"{where}/data", PROFILES_MAX)
        for index, profile in enumerate(profiles):
            check_profile(profile, f"{where}/data/{index}")
        list_ids = self._target_lists(data.get("relationships"))
        with self._truth.transaction():
            job_id = self._run_import(profiles, list_ids)
        resource = _job_resource(job_id, len(profiles), 0, 0, "queued")
        return json_response({"data": resource}, status=202)

    def _target_lists(self, relationships: Any) -> list[str]:
        if relationships is None:
            return []
        lists = check_keys(relationships, "/data/relationships", {"lists"}).get("lists")
        entries = check_keys(lists, "/data/relationships/lists", {"data"}, {"data"})["data"]
        where = "/data/relationships/lists/data"
        ids = [str(check_keys(e, where, {"type", "id"}, {"type", "id"})["id"]) for e in entries]
        if any(entry["type"] != "list" for entry in entries):
            raise Refusal(400, "invalid", where, "type is not list")
        for list_id in ids:
            self._check_list(list_id)
        return ids

    def _run_import(self, profiles: list[Mapping[str, Any]], list_ids: list[str]) -> str:
        job_id = f"job-{self._truth.next_number('job'):08d}"
        failures: list[dict[str, Any]] = []
        imported = []
        for index, profile in enumerate(profiles):
            try:
                imported.append(apply_profile(self._truth, profile, clears=False)[0])
            except RowFailure as failure:
                pointer = f"/data/attributes/profiles/data/{index}{failure.where}"
                failures.append(
                    {"code": failure.code, "pointer": pointer, "original_payload": profile}
                )
        for list_id in list_ids:
            self._truth.add_members("klaviyo", list_id, ((one, "") for one in imported))
        # The vendor promises no order.
        random.Random(job_id).shuffle(failures)  # noqa: S311
        self._truth.save_job("klaviyo", job_id, {"total": len(profiles), "failures": failures})
        self._truth.log_write("klaviyo", "bulk_import", ",".join(list_ids), len(profiles))
        return job_id

    async def _job(self, request: Request) -> Response:
        job_id = request.path_params["id"]
        polled = self._truth.poll_job("klaviyo", job_id)
        if polled is None:
            raise Refusal(404, "not_found", detail="no such job")
        poll_count, body = polled
        total, failed = body["total"], len(body["failures"])
        if poll_count < POLLS_UNTIL_DONE:
            status = "processing" if poll_count else "queued"
            return json_response({"data": _job_resource(job_id, total, 0, 0, status)})
        resource = _job_resource(job_id, total, total - failed, failed, "complete")
        return json_response({"data": resource})

    async def _errors(self, request: Request) -> Response:
        polled = self._truth.poll_job("klaviyo", request.path_params["id"])
        if polled is None:
            raise Refusal(404, "not_found", detail="no such job")
        job_id, failures = request.path_params["id"], polled[1]["failures"]

        def shown(number: int) -> dict[str, Any]:
            failure = failures[number]
            return {
                "type": "import-error",
                "id": f"{job_id}-{number}",
                "attributes": {
                    "code": failure["code"],
                    "title": "Invalid input.",
                    "detail": f"{failure['code']} in {failure['original_payload']}",
                    "source": {"pointer": failure["pointer"]},
                    "original_payload": failure["original_payload"],
                },
            }

        return page(request, range(len(failures)), size_max=100, shown=shown)

    async def _import_one(self, request: Request) -> Response:
        body = await read_json(request, content_type=CONTENT_TYPE, bytes_max=100_000)
        data = data_of(body, "profile", {"type", "id", "attributes", "meta"})
        check_profile(data, "/data")
        return self._apply_one(data, "profile_import", created_status=201)

    async def _patch(self, request: Request) -> Response:
        body = await read_json(request, content_type=CONTENT_TYPE, bytes_max=100_000)
        data = data_of(body, "profile", {"type", "id", "attributes", "meta"})
        check_profile(data, "/data")
        if data.get("id") != request.path_params["id"]:
            raise Refusal(400, "invalid", "/data/id", "not the id of the path")
        return self._apply_one(data, "profile_patch", created_status=200)

    def _apply_one(
        self, data: Mapping[str, Any], operation: str, *, created_status: int
    ) -> Response:
        try:
            with self._truth.transaction():
                profile_id, is_new = apply_profile(self._truth, data, clears=True)
                self._truth.log_write("klaviyo", operation, "", 1)
        except RowFailure as failure:
            raise Refusal(
                failure.status, failure.code, f"/data{failure.where}", str(data)
            ) from None
        found = self._truth.find_profile("id", profile_id)
        attributes = found[1] if found else {}
        resource = public_profile(profile_id, attributes, None)
        return json_response({"data": resource}, status=created_status if is_new else 200)

    async def _find(self, request: Request) -> Response:
        text = request.query_params.get("filter", "")
        if _SUPPRESSED.fullmatch(text):
            ids = self._truth.profiles_noted("suppressed")
        else:
            column, values = _asked(text)
            keys = [one.lower() if column == "email" else one for one in values]
            found = [self._truth.find_profile(column, key) for key in keys]
            ids = sorted({profile[0] for profile in found if profile is not None})
        fields = request.query_params.get("fields[profile]")
        wanted = fields.split(",") if fields else None
        is_more_wanted = request.query_params.get("additional-fields[profile]") == "subscriptions"

        def shown(profile_id: str) -> dict[str, Any]:
            _, attributes = self._truth.find_profile("id", profile_id) or ("", {})
            resource = public_profile(profile_id, attributes, wanted)
            if is_more_wanted:
                consents = subscriptions(self._truth, attributes)
                resource["attributes"]["subscriptions"] = consents
            return resource

        return page(request, ids, size_max=100, shown=shown)

    async def _list_members(self, request: Request) -> Response:
        list_id = self._check_list(request.path_params["id"])
        ids = self._truth.members("klaviyo", list_id)
        return page(
            request, ids, size_max=1000, shown=lambda one: {"type": "profile", "id": one}
        )

    async def _change_members(self, request: Request) -> Response:
        body = await read_json(request, content_type=CONTENT_TYPE, bytes_max=BYTES_MAX)
        list_id = self._check_list(request.path_params["id"])
        data = check_keys(body, "", {"data"}, {"data"})["data"]
        check_count(data, "/data", MEMBERS_MAX)
        for index, entry in enumerate(data):
            where = f"/data/{index}"
            check_keys(entry, where, {"type", "id"}, {"type", "id"})
            if entry["type"] != "profile":
                raise Refusal(400, "invalid", f"{where}/type", "type is not profile")
            if self._truth.find_profile("id", str(entry["id"])) is None:
                raise Refusal(404, "not_found", f"{where}/id", "no such profile")
        members = [(entry["id"], "") for entry in data]
        is_add = request.method == "POST"
        change = self._truth.add_members if is_add else self._truth.remove_members
        with self._truth.transaction():
            change("klaviyo", list_id, members)
            operation = "list_add" if is_add else "list_remove"
            self._truth.log_write("klaviyo", operation, list_id, len(members))
        return Response(status_code=204)

    def _check_list(self, list_id: str) -> str:
        if not self._truth.has_object("klaviyo", list_id):
            raise Refusal(404, "not_found", detail="no such list")
        return list_id


def _asked(text: str) -> tuple[str, list[str]]:
    """The column and values of a filter of profiles."""
    found = _FILTER.fullmatch(text)
    try:
        value = json.loads(found[3]) if found else None
    except ValueError:
        value = None
    if found is None or value is None or (found[1] == "any") != isinstance(value, list):
        raise Refusal(400, "invalid", detail="filter is not understood")
    values = value if isinstance(value, list) else [value]
    return found[2], [str(one) for one in values]


def _job_resource(
    job_id: str, total: int, completed: int, failed: int, status: str
) -> dict[str, Any]:
    attributes = {
        "status": status, "total_count": total, "completed_count": completed,
        "failed_count": failed,
    }
    return {"type": "profile-bulk-import-job", "id": job_id, "attributes": attributes}
