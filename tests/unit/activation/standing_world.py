"""Ada's key and her standing approvals, for the tests of both.

What lives here: fixtures and what they make. What never does: assertions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.activation.keys import create_key
from orchestration.activation.standing import Limits, sign_standing
from orchestration.ledger.standing import StandingApproval
from tests.unit.activation.world import SPEC, START, World

FOUR = {f"c{n}": f"p{n}@example.test" for n in range(4)}
SignStanding = Callable[..., StandingApproval]


@pytest.fixture
def key(world: World) -> Path:
    file = world.settings.home / "ada.key"
    entries = [{"name": "ada", "public_key": create_key(file)}]
    world.settings.approvers_file.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return file


@pytest.fixture
def stand(world: World, key: Path) -> SignStanding:
    """Sign at most four additions and two removals a run, for thirty days, unless told else."""

    def _stand(**given: Any) -> StandingApproval:
        limits = Limits(("email_sha256",), 4, 2, START + timedelta(days=30))
        return sign_standing(
            world.ledger,
            world.settings,
            SPEC,
            replace(limits, **given),
            approver_key=key,
            now=world.clock,
        )

    return _stand


def made(world: World, emails: dict[str, str] | None = None, **columns: Any) -> Any:
    world.desire(FOUR if emails is None else emails, **columns)
    return world.plan()



