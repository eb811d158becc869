"""Google's Data Manager endpoints for Customer Match, as strict as the real ones.

What lives here: ingest, remove and the request status of the simulated account.
What never does: telling which rows failed; a status has counts per reason only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.google_conversions import GoogleConversions
from orchestration.sandbox.google_wire import (
    consent_of,
    consent_problem,
    destination_of,
    error_response,
    guarded,
    identified,
    queue,
    status_of,
)
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import Refusal, check_keys, read_json

__all__ = ["Google", "error_response"]

MEMBERS_MAX = 10_000
Pairs = list[tuple[str, str]]


class Google:
    """One Google Ads account behind the Data Manager API."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        members = "/v1/audienceMembers"
        return [
            Route(f"{members}:ingest", guarded(self._ingest), methods=["POST"]),
            Route(f"{members}:remove", guarded(self._remove), methods=["POST"]),
            *GoogleConversions(self._truth).routes(),
            Route("/v1/requestStatus:retrieve", guarded(self._status), methods=["GET"]),
        ]

    async def _ingest(self, request: Request) -> Response:
        extra = {"consent", "termsOfService", "validateOnly"}
        body, user_list = await self._checked(request, extra)
        terms = check_keys(
            body.get("termsOfService", {}), "terms_of_service",
            {"customerMatchTermsOfServiceStatus"},
        )
        if terms.get("customerMatchTermsOfServiceStatus") != "ACCEPTED":
            raise Refusal(
                400, "TERMS_AND_CONDITIONS_NOT_SIGNED", "terms_of_service", "terms not accepted"
            )
        members = _members(body["audienceMembers"])
        request_consent = consent_of(body.get("consent"), "consent")
        failures: Counter[str] = Counter()
        taken = []
        for member, pairs in zip(body["audienceMembers"], members, strict=True):
            consent = {**request_consent, **consent_of(member.get("consent"), "consent")}
            reason = consent_problem(member["userData"], consent)
            if reason is None:
                taken.extend(pairs)
            else:
                failures[reason] += 1
        with self._truth.transaction():
            self._truth.add_members("google", user_list, taken)
            return queue(self._truth, "members_add", user_list, _counts(members), failures)

    async def _remove(self, request: Request) -> Response:
        body, user_list = await self._checked(request, {"validateOnly"})
        members = _members(body["audienceMembers"])
        with self._truth.transaction():
            # An e-mail names one person; a lone phone or address concerns whoever has it.
            names = [pairs[0][0] for pairs in members]
            by_email = [name for name in names if name.startswith("emailAddress:")]
            emails = set(by_email)
            others = [text for pairs in members for name, text in pairs if name not in emails]
            self._truth.remove_whole("google", user_list, by_email)
            self._truth.remove_identifiers("google", user_list, others)
            return queue(self._truth, "members_remove", user_list, _counts(members), {})

    async def _checked(
        self, request: Request, extra: set[str]
    ) -> tuple[Mapping[str, Any], str]:
        body = await read_json(request, content_type="application/json", bytes_max=None)
        names = {"destinations", "audienceMembers", "encoding"}
        check_keys(body, "", names | extra, {"destinations", "audienceMembers"})
        user_list = destination_of(body["destinations"], "", self._truth)
        if body.get("encoding") != "HEX":
            raise Refusal(400, "INVALID_ARGUMENT", "encoding", "encoding is required for userData")
        members = body["audienceMembers"]
        if not isinstance(members, list) or not 1 <= len(members) <= MEMBERS_MAX:
            raise Refusal(400, "INVALID_ARGUMENT", "audience_members", f"send 1 to {MEMBERS_MAX}")
        return body, user_list

    async def _status(self, request: Request) -> Response:
        polled = self._truth.poll_job("google", request.query_params.get("requestId", ""))
        if polled is None:
            raise Refusal(404, "REQUEST_NOT_FOUND", detail="no such request")
        poll_count, counts = polled
        return JSONResponse({"requestStatusPerDestination": [status_of(poll_count, counts)]})


def _members(members: list[Any]) -> list[Pairs]:
    """(member, identifier) pairs per member; the first identifier names the member."""
    return [_member(member, f"audience_members[{i}]") for i, member in enumerate(members)]


def _member(member: Any, where: str) -> Pairs:
    allowed = {"userData", "consent", "destinationReferences"}
    check_keys(member, where, allowed, {"userData"})
    texts = identified(member["userData"], where)
    return [(texts[0], text) for text in texts]


def _counts(members: list[Pairs]) -> Mapping[str, int]:
    return {
        "recordCount": len(members),
        "userIdentifierCount": sum(len(pairs) for pairs in members),
    }
