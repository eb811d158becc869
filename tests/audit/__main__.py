"""``make audit``.

What lives here: where the files stand, and the exit code.
What never does: a rule (the file beside).
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.audit import audit, bill_of_materials, pins, run_command

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
SBOM = ROOT / "var" / "sbom.cdx.json"


def main() -> int:
    """Write the bill of materials, ask the feed, say what came of it."""
    pinned = pins(CONSTRAINTS.read_text(encoding="utf-8"))
    SBOM.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(bill_of_materials(pinned, datetime.now(UTC)), indent=1)
    SBOM.write_text(content + "\n", encoding="utf-8")
    found = audit(CONSTRAINTS, len(pinned), run_command)
    sys.stdout.write(f"{SBOM.relative_to(ROOT)}: {len(pinned)} packages.\n{found.text}\n")
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main())
