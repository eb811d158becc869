"""What every destination declares, as a page for people.

What lives here: ``python -m orchestration.destinations.reference > docs/destinations.md``.
What never does: a figure of its own; each is read from the plug-in or its table of errors.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from orchestration.destinations.base import (
    CountBack,
    DeliveryError,
    Destination,
    JobPolling,
    Limits,
    ReadBack,
    Row,
    idempotency,
    is_unverified,
    restates,
)
from orchestration.destinations.http import TIMEOUT_SECONDS, ErrorTable, VendorHttp
from orchestration.destinations.optouts import OptOutReading
from orchestration.destinations.registry import NAMELESS, PLUGINS, open_destination
from orchestration.settings import DestinationSettings, Secret

HEAD = """# Destinations

Written by `python -m orchestration.destinations.reference`, from what the plug-ins declare; a test
holds it against them.

An object is what one `sync_` model feeds. A dash: the vendor names no figure.

- *ends*: `answer` (the vendor's answer decides), `job` (queued, then polled), `unverified` (the
  vendor takes the call and has no status for it).
- *twice*: what sending a row again does: the same state (`upsert`), dropped by its key (`key`), or
  the same thing once more (`none`).
- *restated*: a changed event can be sent. *removed*: what was sent can be taken back.
- *read back*: the vendor lists who is in (`members`), only counts (`count`), or tells who opted out
  there (`opt-outs`): read before anything is added.
"""


class _NoNetwork(httpx.BaseTransport):
    """Every call fails: nothing leaves while a page is written."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no network here", request=request)


def page() -> str:
    """The whole page."""
    with TemporaryDirectory() as folder:
        return _page(list(_opened(Path(folder))))


def _page(opened: list[tuple[str, Destination]]) -> str:
    lines = [HEAD, "## Objects", ""]
    lines += _table(
        "object | rows | bytes a request | bytes a row | a second | a minute | a day | ends"
        " | twice | restated | removed | read back",
        [_object_line(name, destination) for name, destination in opened],
    )
    times = ", ".join(f"{word} {seconds:g}" for word, seconds in TIMEOUT_SECONDS.items())
    lines += ["", f"Time-outs of every call, in seconds: {times}.", "", "## Recovery", ""]
    lines += [
        "*Waits* are sent again after a pause, *refusals* are searched for the rows at fault,",
        "*stops* end the account's delivery, and so does every answer that no column names.",
        "",
    ]
    lines += _table(
        "object | waits: status | waits: code | refusals | stops: code",
        _recovery_lines(opened),
    )
    return "\n".join(lines) + "\n"


def _opened(folder: Path) -> Iterator[tuple[str, Destination]]:
    for vendor, kinds in PLUGINS.items():
        url = folder.as_uri() if vendor == "file" else "https://vendor.invalid"
        settings = DestinationSettings(vendor, url, "1", Secret("unused"))
        for kind in kinds:
            name = kind if kind in NAMELESS else f"{kind}/example"
            destination = open_destination(vendor, name, settings, transport=_NoNetwork())
            shown = kind if kind in NAMELESS else f"{kind}/<name>"
            yield f"{vendor} `{shown}`", destination


def _client(destination: Destination) -> VendorHttp | None:
    http = getattr(getattr(destination, "api", destination), "http", None)
    return http if isinstance(http, VendorHttp) else None


def _object_line(name: str, destination: Destination) -> list[str]:
    limits: Limits = destination.limits
    figures = (
        limits.rows_per_request, limits.bytes_per_request, limits.bytes_per_row,
        limits.burst_per_second, limits.steady_per_minute, limits.requests_per_day,
    )
    ends = "unverified" if is_unverified(destination) else "answer"
    return [
        name,
        *("–" if figure is None else f"{figure:,}" for figure in figures),
        "job" if isinstance(destination, JobPolling) else ends,
        idempotency(destination),
        "yes" if restates(destination) else "no",
        "yes" if _is_removable(destination) else "no",
        _read_back(destination),
    ]


def _is_removable(destination: Destination) -> bool:
    """True where a removal would be a call, or is decided here as done."""
    if _client(destination) is None:
        # What is not a service is written whole: who left is not in it.
        return True
    try:
        receipts = destination.remove([Row("anybody", {"email": "anybody@vendor.invalid"})])
    except DeliveryError:
        return True
    return all(receipt.reason != "not_removable" for receipt in receipts)


def _read_back(destination: Destination) -> str:
    kinds = {"members": ReadBack, "count": CountBack, "opt-outs": OptOutReading}
    told = [word for word, kind in kinds.items() if isinstance(destination, kind)]
    return ", ".join(told) or "no"


def _recovery_lines(opened: list[tuple[str, Destination]]) -> list[list[str]]:
    """A line per table of errors, with the objects that share it."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for name, destination in opened:
        http = _client(destination)
        if http is not None:
            shared.setdefault(_recovery(http.errors), []).append(name)
    return [[", ".join(names), *words] for words, names in shared.items()]


def _recovery(errors: ErrorTable) -> tuple[str, ...]:
    return (
        _listed({str(status) for status in errors.retriable_statuses}),
        _listed(errors.retriable_codes),
        _listed({*map(str, errors.refused_statuses), *errors.refused_codes, *errors.partial_codes}),
        _listed(
            {*errors.fatal_codes, *errors.credential_codes, *errors.missing_codes, "401", "403"}
        ),
    )


def _listed(words: Iterable[str]) -> str:
    """Words in order; five numbers or more in a row are written as from-to."""
    numbers = sorted(int(word) for word in words if word.isdigit())
    spelt = [word for word in words if not word.isdigit()]
    names = sorted(spelt, key=lambda word: (len(word), word))
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    told = [
        f"{run[0]}-{run[-1]}" if len(run) >= 5 else " ".join(map(str, run)) for run in runs
    ]
    return " ".join(told + names) or "–"


def _table(head: str, rows: list[list[str]]) -> list[str]:
    columns = head.split(" | ")
    return [f"| {head} |", "|" + "---|" * len(columns), *(f"| {' | '.join(row)} |" for row in rows)]


if __name__ == "__main__":
    sys.stdout.write(page())
