"""The same small world as the tests of activation have."""

from __future__ import annotations

from tests.unit.activation.conftest import vendor, world

__all__ = ["vendor", "world"]
