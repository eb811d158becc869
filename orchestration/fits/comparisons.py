"""How two records are compared, trait by trait.

What lives here: Splink's levels of likeness; ``WORDS`` of the model names them from the least up.
What never does: what a level is worth (model), or training.
"""

from __future__ import annotations

from typing import Any

# One letter of a name this long is a slip; of a shorter one (tim, tom), another name.
SLIP_LENGTH_MIN = 5


def comparison_of(name: str) -> Any:
    """The comparison of one trait; zip and city are ``place``."""
    import splink.comparison_library as comparisons

    if name == "first_name":
        return _first_name()
    if name == "place":
        return _place()
    if name == "email":
        return _email()
    if name == "birth_date":
        return _birth_date()
    return {
        "last_name": comparisons.NameComparison("last_name").configure(
            term_frequency_adjustments=True
        ),
        "street": comparisons.JaroWinklerAtThresholds("street", [0.95, 0.88]).configure(
            term_frequency_adjustments=True
        ),
        "phone": comparisons.DamerauLevenshteinAtThresholds("phone", [1]),
    }[name]


def _first_name() -> Any:
    """A slip, a short form and two fields changed over are one person's ways to write a name.

    One field that stands in the other's place is a family's name, and tells of no person: the other
    must be alike too, and where it is missing, the first name is not known.
    """
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    crossed = ["first_name_l, family_name_r", "family_name_l, first_name_r"]
    likeness = [f"jaro_winkler_similarity({pair})" for pair in crossed]
    is_unknown = (
        "first_name_l is null or first_name_r is null"
        " or (family_name_l is null and first_name_l = family_name_r)"
        " or (family_name_r is null and first_name_r = family_name_l)"
    )
    is_swapped = f"least({', '.join(likeness)}) >= 0.88 and family_name_l <> family_name_r"
    is_short = (
        "formal_name_l = formal_name_r"
        " or starts_with(first_name_l, first_name_r) or starts_with(first_name_r, first_name_l)"
    )
    is_slip = (
        "damerau_levenshtein(first_name_l, first_name_r) = 1"
        f" and least(length(first_name_l), length(first_name_r)) >= {SLIP_LENGTH_MIN}"
    )
    return comparisons.CustomComparison(
        output_column_name="first_name",
        comparison_levels=[
            levels.CustomLevel(is_unknown, "unknown").configure(is_null_level=True),
            levels.ExactMatchLevel("first_name", term_frequency_adjustments=True),
            levels.CustomLevel(is_swapped, "changed over with the last name"),
            levels.JaroWinklerLevel("first_name", 0.92),
            levels.CustomLevel(
                f"jaro_winkler_similarity(first_name_l, first_name_r) >= 0.88"
                f" or ({is_slip}) or {is_short}",
                "slip or short form",
            ),
            levels.JaroWinklerLevel("first_name", 0.7),
            levels.ElseLevel(),
        ],
    )


def _birth_date() -> Any:
    """A slip is one digit, or day and month changed over; distant is one part, or two digits."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    years, months, days = (
        [f"split_part(birth_date_{side}, '-', {part})" for side in "lr"] for part in (1, 2, 3)
    )
    is_crossed = (
        f"({years[0]} = {years[1]} and {months[0]} = {days[1]} and {days[0]} = {months[1]})"
    )
    equal_parts = " + ".join(
        f"cast({left} = {right} as integer)" for left, right in (years, months, days)
    )
    return comparisons.CustomComparison(
        output_column_name="birth_date",
        comparison_levels=[
            levels.NullLevel("birth_date"),
            levels.ExactMatchLevel("birth_date"),
            levels.CustomLevel(
                f"damerau_levenshtein(birth_date_l, birth_date_r) = 1 or {is_crossed}", "slip"
            ),
            levels.CustomLevel(
                f"damerau_levenshtein(birth_date_l, birth_date_r) = 2 or {equal_parts} = 2",
                "one part or two digits",
            ),
            levels.ElseLevel(),
        ],
    )


def _place() -> Any:
    """Zip and city in one comparison: they follow from each other, so they may not count twice."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    is_unknown = "(zip_l is null or zip_r is null) and (city_l is null or city_r is null)"
    return comparisons.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            levels.CustomLevel(is_unknown, "place is unknown").configure(is_null_level=True),
            levels.ExactMatchLevel("zip", term_frequency_adjustments=True),
            levels.DamerauLevenshteinLevel("zip", 1),
            levels.ExactMatchLevel("city", term_frequency_adjustments=True),
            levels.ElseLevel(),
        ],
    )


def _email() -> Any:
    """One slip of a letter is a sign; likeness is one only where it does not follow from the name.

    People of one name have like addresses (ann.lee@…, annlee2@…): those are different ones, and so
    are addresses that differ in the first letter only (a.lee@…, b.lee@…).
    """
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    letters = [f"regexp_replace(email_{side}, '[^a-z]', '', 'g')" for side in "lr"]
    digits = [f"regexp_replace(email_{side}, '[^0-9]', '', 'g')" for side in "lr"]
    mailboxes = [f"split_part(email_{side}, '@', 1)" for side in "lr"]
    is_slip = (
        "(damerau_levenshtein(email_l, email_r) = 1"
        f" and {digits[0]} = {digits[1]} and {letters[0]} <> {letters[1]}"
        " and substr(email_l, 1, 1) = substr(email_r, 1, 1))"
    )
    is_near = (
        f"({mailboxes[0]} = {mailboxes[1]} or jaro_winkler_similarity(email_l, email_r) >= 0.88"
        f" or jaro_winkler_similarity({mailboxes[0]}, {mailboxes[1]}) >= 0.88)"
        " and family_name_l <> family_name_r"
    )
    return comparisons.CustomComparison(
        output_column_name="email",
        comparison_levels=[
            levels.NullLevel("email"),
            levels.ExactMatchLevel("email"),
            levels.CustomLevel(is_slip, "one slip"),
            levels.CustomLevel(is_near, "near under another name"),
            levels.ElseLevel(),
        ],
    )
