"""Google's Data Manager endpoints for Customer Match, as strict as the real ones.

What lives here: ingest, remove and the request status of the simulated account.
What never does: telling which rows failed; a status has counts per reason only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import (
    GOOGLE_ACCOUNT_ID,
    SECRETS,
    Refusal,
    check_keys,
    is_hash,
    read_json,
)

MEMBERS_MAX, IDENTIFIERS_MAX = 10_000, 10
POLLS_UNTIL_DONE = 2
_EEA_CODES = "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEISITLILTLULVMTNLNOPLPTROSESISK"
EEA = frozenset(_EEA_CODES[start : start + 2] for start in range(0, len(_EEA_CODES), 2))
ADDRESS = {"givenName", "familyName", "regionCode", "postalCode"}
CONSENT_STATES = {"CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED"}
STATUS_BY_HTTP = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED",
                  404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}

Handler = Callable[[Request], Awaitable[Response]]


class Google:
    """One Google Ads account behind the Data Manager API."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        members = "/v1/audienceMembers"
        return [
            Route(f"{members}:ingest", self._guarded(self._ingest), methods=["POST"]),
            Route(f"{members}:remove", self._guarded(self._remove), methods=["POST"]),
            Route("/v1/requestStatus:retrieve", self._guarded(self._status), methods=["GET"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                if request.headers.get("authorization") != f"Bearer {SECRETS['google']}":
                    raise Refusal(401, "ACCESS_TOKEN_INVALID", detail="no or wrong credential")
                return await handler(request)
            except Refusal as refusal:
                return error_response(refusal)

        return guarded

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
        identified = _members(body["audienceMembers"])
        request_consent = _consent(body.get("consent"), "consent")
        failures: Counter[str] = Counter()
        taken = []
        for member, pairs in zip(body["audienceMembers"], identified, strict=True):
            consent = {**request_consent, **_consent(member.get("consent"), "consent")}
            reason = _consent_problem(member, consent)
            if reason is None:
                taken.extend(pairs)
            else:
                failures[reason] += 1
        with self._truth.transaction():
            self._truth.add_members("google", user_list, taken)
            return self._queued("members_add", user_list, identified, failures)

    async def _remove(self, request: Request) -> Response:
        body, user_list = await self._checked(request, {"validateOnly"})
        identified = _members(body["audienceMembers"])
        with self._truth.transaction():
            # An e-mail names one person; a lone phone or address concerns whoever has it.
            names = [pairs[0][0] for pairs in identified]
            by_email = [name for name in names if name.startswith("emailAddress:")]
            emails = set(by_email)
            others = [text for pairs in identified for name, text in pairs if name not in emails]
            self._truth.remove_whole("google", user_list, by_email)
            self._truth.remove_identifiers("google", user_list, others)
            return self._queued("members_remove", user_list, identified, Counter())

    def _queued(
        self,
        operation: str,
        user_list: str,
        identified: list[list[tuple[str, str]]],
        failures: Mapping[str, int],
    ) -> Response:
        request_id = f"request-{self._truth.next_number('job'):08d}"
        counts = {
            "operation": operation,
            "user_list": user_list,
            "record_count": len(identified),
            "identifier_count": sum(len(pairs) for pairs in identified),
            "failures": dict(failures),
        }
        self._truth.save_job("google", request_id, counts)
        self._truth.log_write("google", operation, user_list, len(identified))
        return JSONResponse({"requestId": request_id})

    async def _checked(
        self, request: Request, extra: set[str]
    ) -> tuple[Mapping[str, Any], str]:
        body = await read_json(request, content_type="application/json", bytes_max=None)
        names = {"destinations", "audienceMembers", "encoding"}
        check_keys(body, "", names | extra, {"destinations", "audienceMembers"})
        user_list = self._user_list(body["destinations"])
        if body.get("encoding") != "HEX":
            raise Refusal(400, "INVALID_ARGUMENT", "encoding", "encoding is required for userData")
        members = body["audienceMembers"]
        if not isinstance(members, list) or not 1 <= len(members) <= MEMBERS_MAX:
            raise Refusal(400, "INVALID_ARGUMENT", "audience_members", f"send 1 to {MEMBERS_MAX}")
        return body, user_list

    def _user_list(self, destinations: Any) -> str:
        if not isinstance(destinations, list) or len(destinations) != 1:
            raise Refusal(400, "INVALID_ARGUMENT", "destinations", "send one destination")
        allowed = {"operatingAccount", "loginAccount", "linkedAccount", "productDestinationId"}
        required = {"operatingAccount", "productDestinationId"}
        destination = check_keys(destinations[0], "destinations[0]", allowed, required)
        names = {"accountType", "accountId"}
        where = "destinations[0].operating_account"
        account = check_keys(destination["operatingAccount"], where, names, names)
        if account["accountType"] != "GOOGLE_ADS":
            raise Refusal(400, "INVALID_ARGUMENT", where, "accountType is not GOOGLE_ADS")
        if account["accountId"] != GOOGLE_ACCOUNT_ID:
            raise Refusal(403, "PERMISSION_DENIED", where, "no access to this account")
        user_list = str(destination["productDestinationId"])
        if not self._truth.has_object("google", user_list):
            raise Refusal(404, "DESTINATION_NOT_FOUND", "destinations[0]", "no such list")
        return user_list

    async def _status(self, request: Request) -> Response:
        polled = self._truth.poll_job("google", request.query_params.get("requestId", ""))
        if polled is None:
            raise Refusal(404, "REQUEST_NOT_FOUND", detail="no such request")
        poll_count, counts = polled
        return JSONResponse({"requestStatusPerDestination": [_status(poll_count, counts)]})


def error_response(refusal: Refusal) -> Response:
    """A refusal as ``google.rpc.Status``."""
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": refusal.code,
            "domain": "datamanager.googleapis.com",
        }
    ]
    if refusal.where:
        violation = {
            "field": refusal.where, "description": refusal.detail, "reason": refusal.code,
        }
        details.append(
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
        )
    error = {
        "code": refusal.status,
        "message": refusal.detail,
        "status": STATUS_BY_HTTP.get(refusal.status, "UNKNOWN"),
        "details": details,
    }
    return JSONResponse({"error": error}, status_code=refusal.status)


def _members(members: list[Any]) -> list[list[tuple[str, str]]]:
    """(member, identifier) pairs per member; the first identifier names the member."""
    return [_identified(member, f"audience_members[{i}]") for i, member in enumerate(members)]


def _identified(member: Any, where: str) -> list[tuple[str, str]]:
    allowed = {"userData", "consent", "destinationReferences"}
    check_keys(member, where, allowed, {"userData"})
    data = check_keys(member["userData"], f"{where}.user_data", {"userIdentifiers"})
    identifiers = data.get("userIdentifiers")
    if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= IDENTIFIERS_MAX:
        raise Refusal(400, "NO_IDENTIFIERS_PROVIDED", where, "send 1 to 10 identifiers")
    texts = [_identifier(identifier, where) for identifier in identifiers]
    return [(texts[0], text) for text in texts]


def _identifier(identifier: Any, where: str) -> str:
    at = f"{where}.user_data.user_identifiers"
    check_keys(identifier, at, {"emailAddress", "phoneNumber", "address"})
    if len(identifier) != 1:
        raise Refusal(400, "INVALID_ARGUMENT", at, "one identifier each")
    ((kind, value),) = identifier.items()
    if kind != "address":
        if not is_hash(value):
            raise Refusal(400, "INVALID_HEX_ENCODING", at, f"{kind} is no SHA-256")
        return f"{kind}:{value}"
    address = check_keys(value, at, ADDRESS, ADDRESS)
    if not is_hash(address["givenName"]) or not is_hash(address["familyName"]):
        raise Refusal(400, "INVALID_HEX_ENCODING", at, "a name is no SHA-256")
    if is_hash(address["postalCode"]) or len(str(address["regionCode"])) != 2:
        raise Refusal(400, "INVALID_ARGUMENT", at, "postalCode and regionCode are plain")
    return "address:" + ":".join(str(address[name]) for name in sorted(ADDRESS))


def _consent(consent: Any, where: str) -> dict[str, str]:
    if consent is None:
        return {}
    check_keys(consent, where, {"adUserData", "adPersonalization"})
    if not set(consent.values()) <= CONSENT_STATES:
        raise Refusal(400, "INVALID_ARGUMENT", where, "unknown consent state")
    return dict(consent)


def _consent_problem(member: Mapping[str, Any], consent: Mapping[str, str]) -> str | None:
    states = [consent.get("adUserData"), consent.get("adPersonalization")]
    if "CONSENT_DENIED" in states:
        return "PROCESSING_ERROR_REASON_DENIED_CONSENT"
    regions = {
        identifier["address"]["regionCode"].upper()
        for identifier in member["userData"]["userIdentifiers"]
        if "address" in identifier
    }
    if regions & EEA and states != ["CONSENT_GRANTED", "CONSENT_GRANTED"]:
        return "PROCESSING_ERROR_REASON_NO_CONSENT"
    return None


def _status(poll_count: int, counts: Mapping[str, Any]) -> dict[str, Any]:
    failed = sum(counts["failures"].values())
    state = "PARTIAL_SUCCESS" if failed else "SUCCESS"
    if failed == counts["record_count"]:
        state = "FAILED"
    if poll_count < POLLS_UNTIL_DONE:
        state = "PROCESSING"
    is_add = counts["operation"] == "members_add"
    outer = "audienceMembersIngestionStatus" if is_add else "audienceMembersRemovalStatus"
    inner = "userDataIngestionStatus" if is_add else "userDataRemovalStatus"
    numbers = {
        "recordCount": str(counts["record_count"]),
        "userIdentifierCount": str(counts["identifier_count"]),
    }
    account = {"accountType": "GOOGLE_ADS", "accountId": GOOGLE_ACCOUNT_ID}
    status: dict[str, Any] = {
        "destination": {
            "operatingAccount": account, "productDestinationId": counts["user_list"],
        },
        "requestStatus": state,
        outer: {inner: numbers},
    }
    if state in ("FAILED", "PARTIAL_SUCCESS"):
        errors = [
            {"recordCount": str(count), "reason": reason}
            for reason, count in sorted(counts["failures"].items())
        ]
        status["errorInfo"] = {"errorCounts": errors}
    return status
