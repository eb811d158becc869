"""A claim that names its rooms names all that it imports.

What lives here: the check that figures kept for later rest on nothing unnamed.
What never does: what a claim starts as another process; who names the rooms sees to that.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import grimp
import pytest

from tests.architecture.conftest import ROOT

# They print and keep figures, and change none.
PRINTERS = ("tests.proof.harness", "tests.proof.rooms")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("orchestration", "tests", include_external_packages=False)


@pytest.mark.parametrize("page", ["delivery", "consent"])
def test_rooms_hold_what_a_claim_imports(page: str, graph: grimp.ImportGraph) -> None:
    claims = [
        claim for claim in import_module(f"tests.proof.{page}.__main__").CLAIMS if claim.rooms
    ]
    assert claims
    outside = {
        f"{claim.name}: {module}"
        for claim in claims
        for module in {
            claim.measure.__module__,
            *graph.find_upstream_modules(claim.measure.__module__),
        }
        if module not in PRINTERS and not _is_inside(module, claim.rooms)
    }
    assert not outside, "\n".join(sorted(outside))


@pytest.mark.parametrize("page", ["delivery", "consent"])
def test_every_room_is_there(page: str) -> None:
    claims = import_module(f"tests.proof.{page}.__main__").CLAIMS
    missing = {room for claim in claims for room in claim.rooms if not (ROOT / room).exists()}
    assert not missing


def _is_inside(module: str, rooms: tuple[str, ...]) -> bool:
    """Packages hold only their charter: `a/__init__.py` of a named `a/b.py` is no room."""
    folder = ROOT / module.replace(".", "/")
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    if folder.is_dir() and "import" not in file.read_text(encoding="utf-8"):
        return True
    path = Path(file).relative_to(ROOT)
    return any(path == Path(room) or Path(room) in path.parents for room in rooms)
