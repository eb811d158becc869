"""What is pinned, as a bill of materials, and held against the known weaknesses.

What lives here: the file for other tools, and an answer that tells "none known" from "not asked".
What never does: a pin; installing anything.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)")
# A feed that answers nothing keeps nobody waiting for hours.
FEED_SECONDS = 15
AUDIT_SECONDS = 900

Run = Callable[[Sequence[str]], tuple[str, str]]


@dataclass(frozen=True)
class Audit:
    """``checked_count`` of ``pin_count`` packages were known to the feed; ``found`` are
    "package version: advisory"."""

    pin_count: int
    checked_count: int
    found: tuple[str, ...]
    trouble: str | None = None

    @property
    def text(self) -> str:
        """One line for a person."""
        if self.found:
            return f"WEAK: {len(self.found)} known weaknesses: {'; '.join(self.found)}"
        if not self.checked_count:
            why = self.trouble or "the feed knows none of the packages"
            return f"NOT CHECKED: no advisory feed for {self.pin_count} pinned packages ({why})"
        if self.checked_count < self.pin_count:
            left = self.pin_count - self.checked_count
            return f"PARTLY CHECKED: none known in {self.checked_count}; {left} not in the feed"
        return f"CHECKED: no known weakness in {self.pin_count} pinned packages"

    @property
    def exit_code(self) -> int:
        """1 where a weakness is known; what could not be asked fails nobody's build."""
        return int(bool(self.found))


def pins(constraints: str) -> dict[str, str]:
    """Package to version.

    Raises:
        ValueError: a line that pins nothing, or a package twice.
    """
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, constraints.splitlines())):
        pin = PIN.fullmatch(line)
        if pin is None or pin[1] in found:
            raise ValueError(f"'{line}' is not one exact pin of a package of its own.")
        found[pin[1]] = pin[2]
    return found


def bill_of_materials(pinned: Mapping[str, str], at: datetime) -> dict[str, Any]:
    """CycloneDX 1.6 as JSON: one library per pin. The same pins have the same serial number."""
    text = json.dumps(sorted(pinned.items()))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {
            "timestamp": at.isoformat(timespec="seconds"),
            "component": {"type": "application", "name": "tributary-cdp", "bom-ref": "tributary"},
        },
        "components": [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name.lower()}@{version}",
                "bom-ref": f"{name}@{version}",
            }
            for name, version in sorted(pinned.items())
        ],
    }


def audit(constraints_file: Path, pin_count: int, run: Run) -> Audit:
    """Ask the advisory feed about every pin."""
    try:
        answer, errors = run(
            [
                *(sys.executable, "-m", "pip_audit", "--requirement", str(constraints_file)),
                *("--no-deps", "--disable-pip", "--progress-spinner", "off"),
                *("--timeout", str(FEED_SECONDS), "--format", "json"),
            ]
        )
        listed = json.loads(answer)["dependencies"]
    except subprocess.TimeoutExpired:
        return Audit(pin_count, 0, (), "no answer in time")
    except (ValueError, KeyError):
        last = errors.strip().splitlines()[-1:] or ["no answer"]
        return Audit(pin_count, 0, (), last[0][:200])
    checked = [one for one in listed if "skip_reason" not in one]
    found = tuple(
        f"{one['name']} {one['version']}: {weakness['id']}"
        for one in checked
        for weakness in one["vulns"]
    )
    return Audit(pin_count, len(checked), found)


def run_command(command: Sequence[str]) -> tuple[str, str]:
    """What it wrote to stdout and stderr.

    Raises:
        subprocess.TimeoutExpired: it took longer than ``AUDIT_SECONDS``.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=AUDIT_SECONDS
    )
    return done.stdout, done.stderr
