"""Deliveries of one kind differ in whom they deliver, and in nothing else.

What lives here: the text of one vendor's lists or audiences beside that of the others.
What never does: what a row must look like; the unit tests of one of them say it for all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ACTIVATION = Path(__file__).resolve().parents[3] / "models" / "activation"
KIND = re.compile(
    r"sync_(?P<vendor>google|meta|tiktok|klaviyo)__(?:audience|list)_(?P<audience>\w+)"
)


def test_audiences_of_one_vendor_have_one_text() -> None:
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted(ACTIVATION.glob("sync_*.sql")):
        if found := KIND.fullmatch(file.stem):
            text = file.read_text(encoding="utf-8")
            assert f"ref('audience_{found['audience']}')" in text, file.name
            text = text.replace(f"audience_{found['audience']}", "audience")
            texts[found["vendor"]].add(text.replace(f"'{found['audience']}'", "'audience'"))
    assert set(texts) == {"google", "meta", "tiktok", "klaviyo"}
    assert {vendor: len(distinct) for vendor, distinct in texts.items() if len(distinct) > 1} == {}
