"""Every vector of normalisation there is for a vendor's identifiers, against our macros.

What lives here: the list of vectors that we send, hold as traps, or have no use for, and why.
What never does: the vectors themselves; they are third-party facts kept outside of the project.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

import pytest

from orchestration.e164 import to_e164
from tests.identifiers import applied
from tests.support import SHARED_DATA

VECTORS = SHARED_DATA.parent / "spec" / "normalisation_vectors.csv"
MACROS = {
    ("google_datamanager", "email"): "google_email_sha256",
    ("google_datamanager", "phone"): "google_phone_sha256",
    ("google_datamanager", "given_name"): "google_name_sha256",
    ("google_datamanager", "family_name"): "google_name_sha256",
    ("google_datamanager", "region_code"): "google_region_code",
    ("google_datamanager", "postal_code"): "google_postal_code",
    ("klaviyo", "email"): "klaviyo_email",
    ("klaviyo", "phone_number"): "klaviyo_phone",
    **{
        (destination, field): macro
        for destination in ("meta_docs", "meta_recommended", "meta_capi_sdk",
                            "meta_custom_audience_sdk")
        for fields, macro in (
            (("em", "em/EMAIL", "EMAIL"), "meta_email_sha256"),
            (("ph", "ph/PHONE", "PHONE"), "meta_phone_sha256"),
            (("fn", "fn/FN", "FN", "ln", "ln/LN", "LN"), "meta_name_sha256"),
            (("ct", "ct/CT", "CT"), "meta_city_sha256"),
            (("st", "st/ST", "ST"), "meta_state_sha256"),
            (("zp", "zp/ZIP", "ZIP"), "meta_zip_sha256"),
            (("country", "country/COUNTRY", "COUNTRY"), "meta_country_sha256"),
        )
        for field in fields
    },
}  # fmt: skip
# What no model of ours sends: gender, birthday, Analytics addresses; and our own id, which is
# hashed as it stands. Other vendors' rows are their own plug-ins'.
UNSENT = {
    "ge/GEN", "GEN", "ge", "db", "DOBY", "DOBM", "DOBD", "external_id", "EXTERN_ID",
    "external_id/EXTERN_ID", "address_line (GA only)", "city (GA only)",
}
OURS = ("google_datamanager", "klaviyo", "meta_")


@dataclass(frozen=True)
class Vector:
    destination: str
    field: str
    given: str
    normalised: str
    sha256: str
    source: str

    @property
    def macro(self) -> str:
        return MACROS[self.destination, self.field]

    @property
    def is_target(self) -> bool:
        """True where the vendor wants this; an SDK's rows only show what that SDK does."""
        return not self.destination.endswith("_sdk") and "WRONG" not in self.source

    @property
    def expected(self) -> str | None:
        if self.normalised.startswith("REJECT"):
            return None
        return self.sha256 or self.normalised

    @property
    def landed(self) -> str:
        """The text as staging has it: phones are E.164 by then, or of no use."""
        if not self.macro.endswith(("phone", "phone_sha256")):
            return self.given
        number = re.sub(r"US phone | US$| \+ country US", "", self.given)
        region = "US" if number != self.given else ""
        plus = "+" if self.field == "phone" and re.match(r"(1 800|44)", number) else ""
        return to_e164(plus + number, region) or number


def read_vectors() -> list[Vector]:
    with VECTORS.open(encoding="utf-8", newline="") as stream:
        return [
            Vector(row["destination"], row["field"], row["input"], row["normalised"],
                   row["sha256"], row["source"])
            for row in csv.DictReader(stream)
            if row["destination"].startswith(OURS) and row["field"] not in UNSENT
        ]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Vector, str | None]]:
    if not VECTORS.is_file():
        pytest.skip(f"no third-party vectors ({VECTORS.name}) beside the project")
    vectors = read_vectors()
    asked = [(vector.macro, vector.landed) for vector in vectors]
    found = applied(tmp_path_factory.mktemp("vectors"), asked)
    return list(zip(vectors, found, strict=True))


def test_every_target_is_met(results: list[tuple[Vector, str | None]]) -> None:
    targets = [(vector, result) for vector, result in results if vector.is_target]
    assert len(targets) > 40
    wrong = [
        f"{vector.destination} {vector.field} '{vector.given}': {result}, not {vector.expected}"
        for vector, result in targets
        if result != vector.expected
    ]
    assert not wrong, "\n".join(wrong)


def test_no_trap_of_a_vendors_own_client_is_fallen_into(
    results: list[tuple[Vector, str | None]],
) -> None:
    traps = [(vector, result) for vector, result in results if "WRONG" in vector.source]
    assert len(traps) > 10
    wrong = [
        f"{vector.destination} {vector.field} '{vector.given}'"
        for vector, result in traps
        if result is not None and result in (vector.sha256, vector.normalised)
    ]
    assert not wrong, "\n".join(wrong)
