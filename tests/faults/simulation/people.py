"""The customers of a simulated brand and what each object says about them.

What lives here: the deliveries that are simulated, payloads, and what a vendor must then hold.
What never does: the engine; the vendors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from orchestration.activation.spec import SyncSpec

# Every address, name and phone of the simulation carries one of these words.
CANARIES = ("@canary.example", "Canaryname", "+1650555")
PLACEHOLDER = "0" * 64
Payload = dict[str, str | None]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Person:
    """``version`` rises with each new address; a bad person is one whom vendors turn down."""

    key: str
    version: int = 1
    is_bad: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}.v{self.version}@canary.example"

    @property
    def email_sha256(self) -> str:
        return sha(self.email)


@dataclass(frozen=True)
class Sync:
    """One simulated delivery."""

    spec: SyncSpec
    payload: Callable[[Person], Payload]

    @property
    def where(self) -> tuple[str, str]:
        return self.spec.destination, self.spec.object

    @property
    def object_id(self) -> str:
        return self.spec.object.rpartition("/")[2]


def _meta(person: Person) -> Payload:
    return {
        "extern_id": person.key,
        "email_sha256": person.email_sha256,
        "phone_sha256": PLACEHOLDER if person.is_bad else None,
        "first_name_sha256": sha("canaryname"),
        "normaliser_version": "1",
    }


def _google(person: Person) -> Payload:
    return {
        "email_sha256": person.email_sha256,
        "phone_sha256": PLACEHOLDER if person.is_bad else None,
        "region_code": "US",
        "ad_user_data": "CONSENT_GRANTED",
        "ad_personalization": "CONSENT_GRANTED",
    }


def _tiktok(person: Person) -> Payload:
    return {
        "email_sha256": PLACEHOLDER if person.is_bad else person.email_sha256,
        "phone_sha256": None,
        "normaliser_version": "1",
    }


def _address(person: Person) -> str:
    return f"not-an-address-{person.key}.v{person.version}" if person.is_bad else person.email


def _profile(person: Person) -> Payload:
    return {
        "email": _address(person),
        "external_id": person.key,
        "first_name": f"Canaryname{person.version}",
        "last_name": "Canaryname" if person.version % 2 else None,
        "property_segment": f"segment{person.version}",
        "normaliser_version": "1",
    }


def _list(person: Person) -> Payload:
    return {"email": _address(person), "external_id": person.key}


_SPEC = SyncSpec(
    model="sync_meta__vip",
    schema="activation",
    destination="meta",
    object="custom_audience/vip",
    key="customer_id",
    kind="membership",
    schedule="0 6 * * *",
    purpose="ads_sharing",
)
SYNCS = (
    Sync(_SPEC, _meta),
    Sync(
        replace(_SPEC, destination="google", object="customer_match/vip", model="sync_google__vip"),
        _google,
    ),
    Sync(
        replace(
            _SPEC,
            destination="klaviyo",
            object="profiles",
            model="sync_klaviyo__profiles",
            kind="profile",
            purpose="marketing",
        ),
        _profile,
    ),
    Sync(
        replace(
            _SPEC,
            destination="klaviyo",
            object="list/vip",
            model="sync_klaviyo__list_vip",
            purpose="marketing",
        ),
        _list,
    ),
    Sync(
        replace(
            _SPEC, destination="tiktok", object="audience/vip", model="sync_tiktok__audience_vip"
        ),
        _tiktok,
    ),
)
VENDORS = tuple(sorted({sync.spec.destination for sync in SYNCS}))
OBJECTS = {
    "klaviyo": ["profiles", "list/vip"],
    "meta": ["vip"],
    "google": ["vip"],
    "tiktok": ["vip"],
}
CHANNELS = {"marketing": "email", "ads_sharing": "ads"}


@dataclass(frozen=True)
class OptOut:
    """One suppression that the ledger acknowledged; ``moment`` is the tick of the answer."""

    moment: int
    purpose: str
    subject_type: str
    subject_value: str


@dataclass
class Population:
    """Who there is now, and who opted out of what."""

    people: dict[str, Person] = field(default_factory=dict)
    opt_outs: list[OptOut] = field(default_factory=list)
    # Every address that anybody ever had: hash and plain, to its person.
    known: dict[str, Person] = field(default_factory=dict)
    # The first moment of each opt-out, as far as the list was read; it only grows.
    _earliest: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _indexed: int = 0

    def put(self, person: Person) -> None:
        self.people[person.key] = person
        for text in (person.email_sha256, person.email, _address(person)):
            self.known[text] = person

    def is_out(self, person: Person, purpose: str, moment: int | None = None) -> bool:
        """Whether an opt-out that was acknowledged before ``moment`` names this person."""
        for one in self.opt_outs[self._indexed :]:
            key = (one.purpose, one.subject_type, one.subject_value)
            self._earliest[key] = min(one.moment, self._earliest.get(key, one.moment))
        self._indexed = len(self.opt_outs)
        return any(
            said is not None and (moment is None or said < moment)
            for said in (
                self._earliest.get((purpose, "customer_id", person.key)),
                self._earliest.get((purpose, "email_sha256", person.email_sha256)),
            )
        )

    def desired(self, sync: Sync, *, forgets_opt_outs: bool = False) -> Mapping[str, Payload]:
        """The desired state as a build makes it."""
        return {
            key: sync.payload(person)
            for key, person in sorted(self.people.items())
            if forgets_opt_outs or not self.is_out(person, sync.spec.purpose)
        }
