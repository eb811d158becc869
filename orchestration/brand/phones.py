"""Phone numbers as people type them.

What lives here: national, international and broken spellings of a person's number.
What never does: which number a person has (``persons.py``).
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Column, Ints
from orchestration.brand.persons import Persons
from orchestration.brand.words import COUNTRIES

# What is dialled before a calling code at home; North America often writes the code alone.
_DIAL_OUT = {"1": "", "61": "0011", "81": "010"}
_BROKEN_PHONES = ("12345", "000-0000", "n/a", "0000000000", "+1 555", "call me")


def raw_phones(persons: Persons, person: Ints, style: Ints) -> Column:
    """The phone as somebody typed it: styles 0 to 5, -1 null, from 6 on not a phone number.

    0 national, 1 international with spaces, 2 E.164, 3 as dialled from
    abroad (00, 0011, 010 or a bare code), 4 with brackets and
    hyphens, 5 national without any separator. A person without a phone has null.
    """
    land = persons.country[person]
    shapes = [row.phone for row in COUNTRIES]
    before: list[str] = []
    gap: list[str] = []
    gap2: list[str] = []
    for code, trunk, _, _, _ in shapes:
        for front, one, two in (
            (trunk, " ", " "), (f"+{code} ", " ", " "), (f"+{code}", "", ""),
            (_DIAL_OUT.get(code, "00") + code, "", ""), (f"({trunk}", ") ", "-"),
            (trunk, "", ""),
        ):
            before.append(front)
            gap.append(one)
            gap2.append(two)
    form = land * 6 + np.clip(style, 0, 5)
    lead, middle, last = (group[person] for group in persons.phone_group)
    starts = np.concatenate([[0], np.cumsum([len(shape[2]) for shape in shapes])[:-1]])
    leads = [digits for shape in shapes for digits in shape[2]]
    widths = (np.array([shape[3] for shape in shapes])[land],
              np.array([shape[4] for shape in shapes])[land])
    typed = a.join(
        a.take(before, form), a.take(leads, starts[land] + lead), a.take(gap, form),
        _digits(np.where(widths[0] == 4, middle * 10 + last % 10, middle), widths[0]),
        a.take(gap2, form), _digits(last, widths[1]),
    )
    broken = a.take(_BROKEN_PHONES, np.where(style >= 6, style % len(_BROKEN_PHONES), -1))
    is_known = persons.has_phone[person] & (style >= 0)
    return a.where(is_known, a.filled(broken, typed))


def _digits(value: Ints, width: Ints) -> Column:
    return a.either(width == 4, a.padded(value % 10_000, 4), a.padded(value % 1_000, 3))
