"""What every Data Manager endpoint of the sandbox shares.

What lives here: credential, refusals as ``google.rpc.Status``, destinations, identifiers, consent,
and the status of a request.
What never does: telling which rows failed; a status has counts per reason only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import GOOGLE_ACCOUNT_ID, SECRETS, Refusal, check_keys, is_hash

IDENTIFIERS_MAX = 10
POLLS_UNTIL_DONE = 2
_EEA_CODES = "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEISITLILTLULVMTNLNOPLPTROSESISK"
EEA = frozenset(_EEA_CODES[start : start + 2] for start in range(0, len(_EEA_CODES), 2))
ADDRESS = {"givenName", "familyName", "regionCode", "postalCode"}
CONSENT_STATES = {"CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED"}
STATUS_BY_HTTP = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED",
                  404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE",
                  504: "DEADLINE_EXCEEDED"}
# Operation: where its counts stand in a status.
STATUSES = {
    "members_add": ("audienceMembersIngestionStatus", "userDataIngestionStatus"),
    "members_remove": ("audienceMembersRemovalStatus", "userDataRemovalStatus"),
    "conversions": ("eventsIngestionStatus", ""),
}

Handler = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler) -> Handler:
    """``handler`` behind the check of the credential, with the vendor's refusals."""

    async def guard(request: Request) -> Response:
        try:
            if request.headers.get("authorization") != f"Bearer {SECRETS['google']}":
                raise Refusal(401, "ACCESS_TOKEN_INVALID", detail="no or wrong credential")
            return await handler(request)
        except Refusal as refusal:
            return error_response(refusal)

    return guard


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


def destination_of(destinations: Any, kind: str, truth: Truth) -> str:
    """The list or conversion action that a request is for, by its id; ``kind`` is its prefix."""
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
    found = str(destination["productDestinationId"])
    if not truth.has_object("google", kind + found):
        raise Refusal(404, "DESTINATION_NOT_FOUND", "destinations[0]", "no such destination")
    return found


def identified(data: Any, where: str) -> list[str]:
    """The identifiers of one person's user data, 1 to 10."""
    data = check_keys(data, f"{where}.user_data", {"userIdentifiers"})
    identifiers = data.get("userIdentifiers")
    if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= IDENTIFIERS_MAX:
        raise Refusal(400, "NO_IDENTIFIERS_PROVIDED", where, "send 1 to 10 identifiers")
    return [_identifier(one, where) for one in identifiers]


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


def consent_of(consent: Any, where: str) -> dict[str, str]:
    """The consent of a request or of one row; empty where none is said."""
    if consent is None:
        return {}
    check_keys(consent, where, {"adUserData", "adPersonalization"})
    if not set(consent.values()) <= CONSENT_STATES:
        raise Refusal(400, "INVALID_ARGUMENT", where, "unknown consent state")
    return dict(consent)



def consent_problem(person: Mapping[str, Any], consent: Mapping[str, str]) -> str | None:
    """Why a row with this user data is dropped when it is processed; None where it is not."""
    states = [consent.get("adUserData"), consent.get("adPersonalization")]
    if "CONSENT_DENIED" in states:
        return "PROCESSING_ERROR_REASON_DENIED_CONSENT"
    regions = {
        identifier["address"]["regionCode"].upper()
        for identifier in person.get("userIdentifiers", [])
        if "address" in identifier
    }
    if regions & EEA and states != ["CONSENT_GRANTED", "CONSENT_GRANTED"]:
        return "PROCESSING_ERROR_REASON_NO_CONSENT"
    return None


def queue(
    truth: Truth,
    operation: str,
    destination: str,
    counts: Mapping[str, int],
    failures: Mapping[str, int],
) -> Response:
    """Note a request with its counts, and answer with its id."""
    request_id = f"request-{truth.next_number('job'):08d}"
    body = {
        "operation": operation, "destination": destination, "counts": dict(counts),
        "failures": dict(failures),
    }
    truth.save_job("google", request_id, body)
    truth.log_write("google", operation, destination, counts["recordCount"])
    return JSONResponse({"requestId": request_id})


def status_of(poll_count: int, noted: Mapping[str, Any]) -> dict[str, Any]:
    """A request as the vendor shows it: numbers are texts, and reasons are counted."""
    failed = sum(noted["failures"].values())
    state = "PARTIAL_SUCCESS" if failed else "SUCCESS"
    if failed == noted["counts"]["recordCount"]:
        state = "FAILED"
    if poll_count < POLLS_UNTIL_DONE:
        state = "PROCESSING"
    numbers: dict[str, Any] = {name: str(count) for name, count in noted["counts"].items()}
    outer, inner = STATUSES[noted["operation"]]
    account = {"accountType": "GOOGLE_ADS", "accountId": GOOGLE_ACCOUNT_ID}
    status: dict[str, Any] = {
        "destination": {
            "operatingAccount": account, "productDestinationId": noted["destination"],
        },
        "requestStatus": state,
        outer: {inner: numbers} if inner else numbers,
    }
    if state in ("FAILED", "PARTIAL_SUCCESS"):
        errors = [
            {"recordCount": str(count), "reason": reason}
            for reason, count in sorted(noted["failures"].items())
        ]
        status["errorInfo"] = {"errorCounts": errors}
    return status
