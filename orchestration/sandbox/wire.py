"""What the simulated vendors share on the wire.

What lives here: a refusal, reading a JSON body within a size, checks of keys and identifiers.
What never does: a vendor's own paths or error shapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

EMAIL = re.compile(r"[^@\s\"]+@[^@\s\"]+\.[^@\s\".]{2,}")
E164 = re.compile(r"\+[1-9]\d{6,14}")
SHA256 = re.compile(r"[0-9a-f]{64}")
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# What the environment of the sandbox hands out; nothing else is let in.
SECRETS = {
    "klaviyo": "pk_sandbox_klaviyo",
    "meta": "sandbox-meta-token",
    "google": "sandbox-google-token",
    "tiktok": "sandbox-tiktok-token",
    "postscript": "sk_sandbox_postscript",
}
GOOGLE_ACCOUNT_ID = "1234567890"
META_ACCOUNT_ID = "1000000000001"
TIKTOK_ADVERTISER_ID = "7000000000000000001"


# Not frozen: leaving a transaction, Python notes the traceback on it.
@dataclass(eq=False)
class Refusal(Exception):
    """The vendor says no: HTTP status, the vendor's code, and where in the request."""

    status: int
    code: str
    where: str = ""
    detail: str = ""


async def read_json(request: Request, *, content_type: str, bytes_max: int | None) -> Any:
    """The request's JSON body.

    Raises:
        Refusal: 415 another content type, 413 too large, 400 no JSON.
    """
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != content_type:
        raise Refusal(415, "unsupported_media_type", detail=f"send {content_type}")
    content = await request.body()
    if bytes_max is not None and len(content) > bytes_max:
        raise Refusal(413, "payload_too_large", detail=f"more than {bytes_max} bytes")
    try:
        return json.loads(content)
    except ValueError:
        raise Refusal(400, "parse_error", detail="not JSON") from None


def check_keys(
    value: Any, where: str, allowed: Collection[str], required: Collection[str] = ()
) -> Mapping[str, Any]:
    """An object with known keys only.

    Raises:
        Refusal: 400 no object, an unknown key, a missing key.
    """
    if not isinstance(value, Mapping):
        raise Refusal(400, "invalid", where, "not an object")
    for key in value:
        if key not in allowed:
            raise Refusal(400, "invalid", f"{where}/{key}", f"unknown key {key}")
    for key in required:
        if key not in value:
            raise Refusal(400, "required", f"{where}/{key}", f"missing key {key}")
    return value


def is_hash(value: Any) -> bool:
    """SHA-256 in lower-case hex, not of the empty string, no placeholder of one digit."""
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        return False
    return value != EMPTY_SHA256 and len(set(value)) > 1
