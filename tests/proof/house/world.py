"""A small brand, a sandbox and a home to run the command line in.

What lives here: set-up that several claims share.
What never does: a claim.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from orchestration.sandbox.server import (
    QUICK_DESTINATIONS,
    sandbox_environment,
    start_in_background,
)
from tests.support import succeed, tributary

OBJECTS = {
    "klaviyo": [
        "at_risk", "browse_abandoner", "cart_abandoner", "creator_acquired", "cross_sell",
        "discount_addict", "engaged", "gift_buyer", "one_and_done", "price_drop",
        "replenishment_due", "rising_star", "subscription_at_risk", "subscription_candidate",
        "vip", "win_back", "events/order_margin",
    ],
    "meta": [
        "at_risk", "cart_abandoner", "creator_acquired", "existing_customer", "high_value_seed",
        "negative_margin", "new_high_margin_seed", "recent_purchaser", "serial_returner",
        "win_back", "conversions/purchase",
    ],
    "google": [
        "existing_customer", "full_price_buyer", "high_value_seed", "recent_purchaser",
        "conversions/purchase",
    ],
    "tiktok": [
        "audience/existing_customer", "audience/high_value_seed", "audience/recent_purchaser",
        "conversions/purchase",
    ],
}  # fmt: skip


@functools.lru_cache(maxsize=1)
def scratch() -> Path:
    """A folder of this run that goes with the process."""
    holder = tempfile.TemporaryDirectory(prefix="tributary-proof-")
    _HELD.append(holder)
    return Path(holder.name)


_HELD: list[tempfile.TemporaryDirectory[str]] = []


@functools.lru_cache(maxsize=4)
def brand(customers: int, months: int = 12, seed: int = 11) -> Path:
    """Files of a simulated brand; made once per run."""
    directory = scratch() / f"brand-{customers}"
    size = ("--customers", str(customers), "--months", str(months), "--seed", str(seed))
    succeed(tributary(scratch() / "unused", "brand", *size, str(directory)))
    return directory


@contextmanager
def sandbox(state: Path, port: int = 0) -> Iterator[tuple[str, dict[str, str]]]:
    """The base URL of a running sandbox and the environment that points at it."""
    with start_in_background(state, OBJECTS, port) as base:
        chosen = {"TRIBUTARY_DESTINATIONS": ",".join(QUICK_DESTINATIONS)}
        yield base, {**sandbox_environment(base), **chosen}


def truth(base: str) -> dict[str, Any]:
    """What the sandbox itself recorded."""
    answer: dict[str, Any] = httpx.get(f"{base}/_truth", timeout=60).json()
    return answer
