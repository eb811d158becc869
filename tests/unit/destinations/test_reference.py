from __future__ import annotations

from pathlib import Path

from orchestration.destinations.reference import page
from orchestration.destinations.registry import PLUGINS
from tests.contracts.cases import CASES
from tests.support import ROOT

PAGE: Path = ROOT / "docs" / "destinations.md"


def test_the_page_says_what_the_plug_ins_declare() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "python -m orchestration.destinations.reference > docs/destinations.md"
    )


def test_every_object_has_a_line_of_limits_and_one_of_recovery() -> None:
    text = page()
    for vendor, kinds in PLUGINS.items():
        for kind in kinds:
            assert text.count(f"| {vendor} `{kind}") >= 1


def test_an_object_without_status_or_way_back_is_said_to_be_so() -> None:
    lines = klaviyo_lines()
    assert "| unverified | upsert | no | no | no |" in lines["unsubscription"]
    assert "| job | upsert | no | no | members, opt-outs |" in lines["suppression"]
    assert "| job | upsert | no | yes | members |" in lines["list/<name>"]
    assert "| 3 | 60 |" in lines["deletion"]


def test_the_vendors_that_never_tell_are_those_whose_rows_end_unverified() -> None:
    lines = klaviyo_lines()
    for case in (case for case in CASES if case.destination == "klaviyo"):
        kind, _, rest = case.object.partition("/")
        line = lines[f"{kind}/<name>" if rest else kind]
        assert ("unverified" in line) == (case.verdict == "accepted_unverified")


def klaviyo_lines() -> dict[str, str]:
    objects = page().partition("## Objects")[2].partition("Time-outs")[0].splitlines()
    return {line.split("`")[1]: line for line in objects if line.startswith("| klaviyo `")}
