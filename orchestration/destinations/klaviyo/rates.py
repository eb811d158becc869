"""How often Klaviyo lets one account ask, by operation.

What lives here: figures.
What never does: requests.
"""

from __future__ import annotations

from orchestration.destinations.pace import Rate

# Fixed windows per account and endpoint. What the specification does not name gets the least.
_BY_NAME = {
    name: Rate(name, burst, steady)
    for name, burst, steady in (
        ("bulk_import", 10, 150),
        ("import_job", 10, 150),
        ("import_errors", 10, 150),
        ("import_profile", 75, 700),
        ("list_add", 10, 150),
        ("list_remove", 10, 150),
        ("list_members", 10, 150),
        ("bulk_events", 10, 150),
        # The specification says 750 a minute, the page on limits 700.
        ("suppress", 75, 700),
        ("suppression_job", 75, 700),
        ("unsubscribe", 75, 700),
        ("erase", 3, 60),
        ("*", 3, 60),
    )
}
# One endpoint, whatever is sought there.
_OF_PROFILES = ("find_profiles", "find_suppressed", "list_suppressed")
RATES = {**_BY_NAME, **dict.fromkeys(_OF_PROFILES, Rate("profiles", 75, 700))}
