"""Who sent it: signatures over raw bytes, signed times, keys; all compared in constant time.

What lives here: one check for every signing source, and one for keys with a scope.
What never does: parsing a body; telling anybody which part was wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.collector.documents import moment
from orchestration.collector.errors import RefusedError, unauthorised
from orchestration.settings import Secret

PAST_MAX = timedelta(seconds=300)
FUTURE_MAX = timedelta(seconds=30)

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Scheme:
    """How a source signs: header names in lower case, any of which may carry the signature."""

    signature_headers: tuple[str, ...]
    encoding: str
    # Signed behind the body; None where the source signs no time.
    timestamp_header: str | None = None


def signature(scheme: Scheme, secret: str, body: bytes, timestamp: str = "") -> str:
    """HMAC-SHA256 of the raw body (and the time behind it), as the header carries it."""
    signed = hmac.new(secret.encode(), body + timestamp.encode("latin-1"), hashlib.sha256)
    if scheme.encoding == "hex":
        return signed.hexdigest()
    return base64.b64encode(signed.digest()).decode()


def check(
    scheme: Scheme, secrets: Sequence[Secret], headers: Headers, body: bytes, now: datetime
) -> None:
    """Let a request pass that one of the active secrets signed, in time.

    Raises:
        RefusedError: 401, whatever was wrong.
    """
    given = {headers[name] for name in scheme.signature_headers if name in headers}
    timestamp = "" if scheme.timestamp_header is None else headers.get(scheme.timestamp_header, "")
    if len(given) != 1:
        raise unauthorised()
    shown = given.pop().encode("latin-1")
    # The text is compared, not what it decodes to: base64 has several texts for the same bytes.
    # Every secret is tried, so that the time taken does not tell which one it was.
    matches = [
        hmac.compare_digest(signature(scheme, one.reveal(), body, timestamp).encode(), shown)
        for one in secrets
    ]
    if not any(matches):
        raise unauthorised()
    if scheme.timestamp_header is not None:
        _check_age(timestamp, now)


def check_key(keys: Mapping[str, Sequence[Secret]], scope: str, headers: Headers) -> None:
    """Let a request pass whose bearer key has the scope.

    Raises:
        RefusedError: 401 for an unknown key, 403 for a key of another scope.
    """
    kind, _, shown = headers.get("authorization", "").partition(" ")
    found = {
        name
        for name, some in keys.items()
        for key in some
        if hmac.compare_digest(key.reveal().encode(), shown.encode("latin-1"))
    }
    if kind.lower() != "bearer" or not found:
        raise unauthorised()
    if scope not in found:
        raise RefusedError(403, "forbidden")


def _check_age(timestamp: str, now: datetime) -> None:
    signed_at = moment(timestamp)
    if signed_at is None or not -FUTURE_MAX <= now - signed_at <= PAST_MAX:
        raise unauthorised()
