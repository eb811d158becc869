"""Deliveries of one kind differ in whom they deliver, and in nothing else.

What lives here: the text of one vendor's lists or audiences beside that of the others, and where a
share of the members is spared.
What never does: what a row must look like; the unit tests of one of them say it for all.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ACTIVATION = ROOT / "models" / "activation"
KIND = re.compile(
    r"sync_(?P<vendor>google|meta|tiktok|klaviyo)__(?:audience|list)_(?P<segment>\w+)"
    r"|sync_(?P<file>file__held_back)_(?P<held>\w+)"
)
HELD_BACK = re.compile(r"where (not )?\{\{ is_held_back\('(?:customer_id)', '(\w+)'\) \}\}\n")


def segments() -> dict[str, dict[str, str]]:
    text = (ROOT / "seeds" / "segments.csv").read_text(encoding="utf-8")
    return {row["segment"]: row for row in csv.DictReader(text.splitlines())}


def deliveries() -> dict[tuple[str, str], str]:
    """(vendor or record, segment) -> text."""
    found = {}
    for file in sorted(ACTIVATION.glob("sync_*.sql")):
        if kind := KIND.fullmatch(file.stem):
            where = (kind["vendor"] or kind["file"], kind["segment"] or kind["held"])
            found[where] = file.read_text(encoding="utf-8")
    return found


def test_audiences_of_one_vendor_have_one_text() -> None:
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for (vendor, segment), text in deliveries().items():
        assert f"ref('audience_{segment}')" in text, segment
        text = HELD_BACK.sub("", text).replace(f"audience_{segment}", "audience")
        text = text.replace(f"'{segment}'", "'audience'").replace("    )", ")")
        texts[vendor].add(text)
    assert set(texts) == {"google", "meta", "tiktok", "klaviyo", "file__held_back"}
    assert {vendor: len(distinct) for vendor, distinct in texts.items() if len(distinct) > 1} == {}


def test_whoever_is_held_back_is_spared_everywhere_and_stands_in_the_record() -> None:
    ratios = {name: Decimal(row["holdout_ratio"]) for name, row in segments().items()}
    for (vendor, segment), text in deliveries().items():
        found = re.findall(r"(not )?\{\{ is_held_back\('[\w.]+', '(\w+)'\) \}\}", text)
        if ratios[segment] == 0:
            assert not found, (vendor, segment)
        else:
            ((negation, named),) = found
            assert named == segment
            assert bool(negation) == (vendor != "file__held_back"), (vendor, segment)
    recorded = {segment for vendor, segment in deliveries() if vendor == "file__held_back"}
    listed = {segment for vendor, segment in deliveries() if vendor == "klaviyo"}
    assert recorded == {one for one in listed if ratios[one]}


def test_every_segment_goes_where_the_seed_says() -> None:
    there = defaultdict(set)
    for vendor, segment in deliveries():
        if vendor != "file__held_back":
            there[segment].add(vendor)
    # Not here: files, texts, and the two whose way is another one.
    apart = {"file", "postscript", "none", "every ad audience"}
    for segment, row in segments().items():
        due = set(row["destination"].split("|")) - apart
        if not row["waits_for"] and segment != "sunset":
            assert there[segment] == due, segment
