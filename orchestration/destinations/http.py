"""The one way out: an HTTP client bound to one vendor host.

What lives here: base URL and host check, credential header, timeouts, bounded answers, and the
sorting of failures by a table that each destination declares.
What never does: a vendor's paths or bodies; logging of URLs, headers, bodies or values; redirects;
proxies from the environment.

Requests go to the transport itself, not through ``httpx.Client``: the client logs every URL at
INFO, and a look-up URL holds e-mail addresses.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

from orchestration.destinations.base import FatalError, RefusedError, RetriableError
from orchestration.destinations.pace import Pacer, Rate, Unpaced, rate_of
from orchestration.errors import ConfigurationError
from orchestration.settings import DestinationSettings

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = {"connect": 10.0, "read": 60.0, "write": 60.0, "pool": 10.0}
ANSWER_BYTES_MAX = 16 * 1024 * 1024
PATIENCE_SECONDS = 10.0
PATIENT_ATTEMPTS = 6
RESEND = "Send again; sending twice is harmless, or the row is in doubt."
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True)
class Answer:
    """A successful answer: status, parsed JSON (None where empty), headers in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]


def header_retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    """Seconds of ``Retry-After``; a date is read against the answer's own ``Date``."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        delay = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, delay.total_seconds())


def _nothing(body: Any) -> frozenset[Any]:
    return frozenset()


def says_error(body: Any) -> bool:
    """True where a body of a 2xx answer holds an error all the same."""
    if not isinstance(body, Mapping):
        return False
    return bool(body.get("error") or body.get("errors")) or body.get("success") is False


@dataclass(frozen=True)
class ErrorTable:
    """How one vendor's failures are recovered. What no line names is fatal.

    ``credential_codes`` and ``missing_codes`` are fatal, with a remedy of their own.
    ``partial_codes``: some rows of the request took effect, the vendor does not say which.
    ``is_failure`` judges the body of a 2xx answer.
    """

    retriable_statuses: frozenset[int]
    refused_statuses: frozenset[int] = frozenset()
    retriable_codes: frozenset[str] = frozenset()
    refused_codes: frozenset[str] = frozenset()
    partial_codes: frozenset[str] = frozenset()
    fatal_codes: frozenset[str] = frozenset()
    credential_codes: frozenset[str] = frozenset()
    missing_codes: frozenset[str] = frozenset()
    is_failure: Callable[[Any], bool] = says_error
    codes: Callable[[Any], frozenset[str]] = _nothing
    row_indexes: Callable[[Any], frozenset[int]] = _nothing
    retry_after: Callable[[Mapping[str, str], Any], float | None] = header_retry_after


@dataclass(frozen=True)
class VendorHttp:
    """A client for one vendor account.

    ``authorization`` is the form of the ``credential_header`` with ``{secret}`` in it. ``rates``
    are by operation, ``*`` for the rest; ``pacer`` keeps them.
    """

    settings: DestinationSettings
    authorization: str
    errors: ErrorTable
    headers: Mapping[str, str] = field(default_factory=dict)
    credential_header: str = "authorization"
    transport: httpx.BaseTransport = field(default_factory=httpx.HTTPTransport)
    rates: Mapping[str, Rate] = field(default_factory=dict)
    pacer: Pacer = field(default_factory=Unpaced)

    def __post_init__(self) -> None:
        base = httpx.URL(self.settings.base_url)
        if base.scheme != "https" and not (base.scheme == "http" and self.settings.is_loopback):
            raise ConfigurationError(
                f"{self._variable('URL')} is neither https nor this machine.",
                remedy="Give the vendor's https address.",
            )

    def send(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send one request and return a 2xx answer whose body reports no failure.

        Args:
            path: begins with ``/``; variable parts already quoted.
            operation: a fixed word for messages and logs.

        Raises:
            FatalError, RefusedError, RetriableError: by the destination's table.
        """
        request = self._request(method, path, params, content)
        rate = rate_of(self.rates, operation)
        if rate is not None:
            self.pacer.wait(rate)
        try:
            response = self.transport.handle_request(request)
            answer_bytes = _read_bounded(response)
        except httpx.TransportError as error:
            raise self._transport_failure(error, operation) from None
        finally:
            if rate is not None:
                self.pacer.answered(rate)
        logger.info("%s %s answered %d", self.settings.name, operation, response.status_code)
        headers = {name.lower(): value for name, value in response.headers.items()}
        if answer_bytes is None:
            raise FatalError(
                f"{self.settings.name} answered {operation} with over {ANSWER_BYTES_MAX} bytes.",
                remedy="Check the destination's address.",
            )
        readable, body = _parse(answer_bytes)
        if not 200 <= response.status_code < 300:
            raise self._failure(response.status_code, headers, body, operation)
        is_failure = self.errors.is_failure(body)
        if not readable or (body is None and is_failure):
            raise RetriableError(
                f"{self.settings.name} answered {operation} with something that is not JSON.",
                remedy=RESEND,
                may_have_effect=True,
            )
        if is_failure:
            raise self._failure(response.status_code, headers, body, operation)
        return Answer(response.status_code, body, headers)

    def send_patiently(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Like ``send``, but waits out short rate limits: for the many small calls of one step."""
        for _ in range(PATIENT_ATTEMPTS - 1):
            try:
                return self.send(method, path, operation=operation, params=params, content=content)
            except RetriableError as error:
                wait = error.retry_after_seconds
                if wait is None or wait > PATIENCE_SECONDS:
                    raise
                self.pacer.pause(wait)
        return self.send(method, path, operation=operation, params=params, content=content)

    def _variable(self, suffix: str) -> str:
        return f"TRIBUTARY_{self.settings.name.upper()}_{suffix}"

    def _request(
        self, method: str, path: str, params: Mapping[str, str] | None, content: bytes | None
    ) -> httpx.Request:
        if self.settings.secret is None:
            raise FatalError(
                f"{self.settings.name} has no credential.",
                remedy=f"Set {self._variable('SECRET')} or {self._variable('SECRET_FILE')}.",
            )
        base = httpx.URL(self.settings.base_url)
        url = httpx.URL(f"{self.settings.base_url}{path}", params=params or None)
        if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
            raise FatalError(
                f"A request to {self.settings.name} would leave its host.",
                remedy=f"Check {self._variable('URL')} and {self._variable('OBJECT_IDS')}.",
            )
        authorization = self.authorization.format(secret=self.settings.secret.reveal())
        return httpx.Request(
            method,
            url,
            headers={
                "accept-encoding": "identity",
                "user-agent": "tributary",
                **self.headers,
                self.credential_header: authorization,
            },
            content=content,
            extensions={"timeout": dict(TIMEOUT_SECONDS)},
        )

    def _transport_failure(
        self, error: httpx.TransportError, operation: str
    ) -> FatalError | RetriableError:
        name = self.settings.name
        if _is_certificate_failure(error):
            return FatalError(
                f"{name} shows a certificate that is not trusted.",
                remedy=f"Check {self._variable('URL')} and this machine's certificates.",
            )
        return RetriableError(
            f"{name} did not finish its answer to {operation} ({type(error).__name__}).",
            remedy=RESEND,
            may_have_effect=not isinstance(error, _NEVER_SENT),
        )

    def _failure(
        self, status: int, headers: Mapping[str, str], body: Any, operation: str
    ) -> FatalError | RetriableError:
        codes = frozenset(code for code in self.errors.codes(body) if _CODE.fullmatch(code))
        rows = self.errors.row_indexes(body)
        table = self.errors
        code = ", ".join(sorted(codes)) or str(status)
        what = f"{self.settings.name} answered {operation} with {status} ({code})."
        named_fatal = table.fatal_codes | table.credential_codes | table.missing_codes
        is_fatal = bool(codes & named_fatal) or status in (401, 403)
        is_retriable = not is_fatal and bool(codes & table.retriable_codes)
        # A busy server's status speaks for itself, whatever its body says.
        if is_retriable or status in table.retriable_statuses:
            return RetriableError(
                what,
                remedy="Wait and send again.",
                retry_after_seconds=table.retry_after(headers, body),
                may_have_effect=status >= 500 or status == 408,
            )
        is_partial = bool(codes & table.partial_codes)
        is_refused = status in table.refused_statuses or bool(codes & table.refused_codes)
        if not is_fatal and (is_refused or is_partial or rows):
            return RefusedError(
                what,
                remedy="The request's content is refused; see the code.",
                code=sorted(codes)[0] if codes else str(status),
                row_indexes=rows,
                is_partial=is_partial,
                status=status,
            )
        return FatalError(what, remedy=self._remedy(status, codes), status=status)

    def _remedy(self, status: int, codes: frozenset[str]) -> str:
        if status in (401, 403) or codes & self.errors.credential_codes:
            return f"Check {self._variable('SECRET')} and what it is allowed to do."
        if status == 404 or codes & self.errors.missing_codes:
            return f"Check {self._variable('OBJECT_IDS')} and {self._variable('ACCOUNT_ID')}."
        if 300 <= status < 400:
            return f"Redirects are not followed; check {self._variable('URL')}."
        return "Nothing more is sent; look up the code in the vendor's documentation."


def _read_bounded(response: httpx.Response) -> bytes | None:
    """The body, or None where it is larger than ``ANSWER_BYTES_MAX``."""
    parts: list[bytes] = []
    size = 0
    try:
        for part in cast(httpx.SyncByteStream, response.stream):
            size += len(part)
            if size > ANSWER_BYTES_MAX:
                return None
            parts.append(part)
    finally:
        response.close()
    return b"".join(parts)


def _parse(content: bytes) -> tuple[bool, Any]:
    if not content.strip():
        return True, None
    try:
        return True, json.loads(content)
    except (ValueError, RecursionError):
        return False, None


def _is_certificate_failure(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
