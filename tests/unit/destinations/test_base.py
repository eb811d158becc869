from __future__ import annotations

from orchestration.destinations.base import (
    DeliveryError,
    FatalError,
    JobPolling,
    ReadBack,
    RefusedError,
    RetriableError,
)
from orchestration.destinations.registry import open_destination
from orchestration.errors import TributaryError
from tests.unit.destinations.fakes import Vendor, settings


def test_errors_carry_what_their_recovery_needs() -> None:
    waiting = RetriableError("Busy.", remedy="Wait.", retry_after_seconds=3.0)
    refused = RefusedError("No.", remedy="Look.", code="invalid", row_indexes=frozenset({2}))
    assert isinstance(waiting, DeliveryError)
    assert isinstance(waiting, TributaryError)
    assert not isinstance(waiting, FatalError)
    assert waiting.retry_after_seconds == 3.0
    assert waiting.receipts == ()
    assert isinstance(refused, FatalError)
    assert refused.row_indexes == {2}


def test_only_vendors_that_queue_are_polled() -> None:
    kinds = {
        ("klaviyo", "profiles"): (True, False),
        ("klaviyo", "list/vip"): (True, True),
        ("meta", "custom_audience/vip"): (False, False),
        ("google", "customer_match/vip"): (True, False),
    }
    for (name, object_name), powers in kinds.items():
        plugin = open_destination(name, object_name, settings(name), transport=Vendor())
        assert (isinstance(plugin, JobPolling), isinstance(plugin, ReadBack)) == powers
