"""The destinations there are, by name.

What lives here: which plug-in serves which object, and how it is put together from settings.
What never does: calls.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx

from orchestration.destinations.base import Destination
from orchestration.destinations.file.mirror import FileMirror, open_table
from orchestration.destinations.google import api as google
from orchestration.destinations.google.conversions import GoogleConversions
from orchestration.destinations.google.customer_match import GoogleCustomerMatch
from orchestration.destinations.google.errors import ERRORS as GOOGLE_ERRORS
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.klaviyo import api as klaviyo
from orchestration.destinations.klaviyo.errors import ERRORS as KLAVIYO_ERRORS
from orchestration.destinations.klaviyo.events import KlaviyoEvents
from orchestration.destinations.klaviyo.lists import KlaviyoList
from orchestration.destinations.klaviyo.optouts import (
    KlaviyoDeletion,
    KlaviyoSuppression,
    KlaviyoUnsubscription,
)
from orchestration.destinations.klaviyo.profiles import KlaviyoProfiles
from orchestration.destinations.klaviyo.rates import RATES as KLAVIYO_RATES
from orchestration.destinations.meta import api as meta
from orchestration.destinations.meta.conversions import MetaConversions
from orchestration.destinations.meta.custom_audience import MetaCustomAudience
from orchestration.destinations.pace import Pacer, Unpaced
from orchestration.destinations.postscript import errors as postscript
from orchestration.destinations.postscript.compliance import (
    PostscriptRedaction,
    PostscriptUnsubscription,
)
from orchestration.destinations.postscript.events import PostscriptEvents
from orchestration.destinations.postscript.subscribers import PostscriptSubscribers
from orchestration.destinations.tiktok import errors as tiktok
from orchestration.destinations.tiktok.audience import TikTokAudience
from orchestration.destinations.tiktok.conversions import TikTokConversions
from orchestration.errors import UnknownNameError
from orchestration.settings import DestinationSettings


@dataclass(frozen=True)
class Wire:
    """What carries requests (a transport of its own where None) and what paces them."""

    transport: httpx.BaseTransport | None
    pacer: Pacer


Opener = Callable[[str, DestinationSettings, Wire], Destination]


def _client(make: Callable[..., VendorHttp], wire: Wire) -> VendorHttp:
    if wire.transport is None:
        return make(pacer=wire.pacer)
    return make(pacer=wire.pacer, transport=wire.transport)


def _klaviyo_api(settings: DestinationSettings, wire: Wire) -> klaviyo.KlaviyoApi:
    make = partial(
        VendorHttp,
        settings,
        klaviyo.AUTHORIZATION,
        KLAVIYO_ERRORS,
        klaviyo.HEADERS,
        rates=KLAVIYO_RATES,
    )
    return klaviyo.KlaviyoApi(_client(make, wire))


def _klaviyo_profiles(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return KlaviyoProfiles(_klaviyo_api(settings, wire))


def _klaviyo_list(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return KlaviyoList(_klaviyo_api(settings, wire), settings.object_id(name))


def _klaviyo_events(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return KlaviyoEvents(_klaviyo_api(settings, wire), settings.object_id(name))


def _klaviyo_suppression(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return KlaviyoSuppression(_klaviyo_api(settings, wire))


def _klaviyo_unsubscription(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return KlaviyoUnsubscription(_klaviyo_api(settings, wire))


def _klaviyo_deletion(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return KlaviyoDeletion(_klaviyo_api(settings, wire))


def _meta_audience(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    make = partial(VendorHttp, settings, meta.AUTHORIZATION, meta.ERRORS, meta.HEADERS)
    return MetaCustomAudience(
        _client(make, wire), settings.object_id(name), lambda: secrets.randbits(53) + 1
    )


def _meta_conversions(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    make = partial(VendorHttp, settings, meta.AUTHORIZATION, meta.EVENT_ERRORS, meta.HEADERS)
    return MetaConversions(_client(make, wire), settings.object_id(name), wire.pacer.now)


def _google_api(settings: DestinationSettings, wire: Wire) -> google.DataManager:
    make = partial(
        VendorHttp,
        settings,
        google.AUTHORIZATION,
        GOOGLE_ERRORS,
        google.HEADERS,
        rates=google.RATES,
    )
    return google.DataManager(_client(make, wire), settings.account_id)


def _google_list(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return GoogleCustomerMatch(_google_api(settings, wire), settings.object_id(name))


def _google_conversions(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return GoogleConversions(_google_api(settings, wire), settings.object_id(name))


def _tiktok_http(settings: DestinationSettings, wire: Wire) -> VendorHttp:
    make = partial(
        VendorHttp,
        settings,
        tiktok.AUTHORIZATION,
        tiktok.ERRORS,
        tiktok.HEADERS,
        tiktok.CREDENTIAL_HEADER,
        rates=tiktok.RATES,
    )
    return _client(make, wire)


def _tiktok_audience(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    http = _tiktok_http(settings, wire)
    return TikTokAudience(http, settings.account_id, settings.object_id(name))


def _tiktok_conversions(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return TikTokConversions(_tiktok_http(settings, wire), settings.object_id(name))


def _postscript_http(settings: DestinationSettings, wire: Wire) -> VendorHttp:
    make = partial(
        VendorHttp,
        settings,
        postscript.AUTHORIZATION,
        postscript.ERRORS,
        postscript.HEADERS,
        rates=postscript.RATES,
    )
    return _client(make, wire)


def _postscript_subscribers(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return PostscriptSubscribers(_postscript_http(settings, wire))


def _postscript_unsubscription(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return PostscriptUnsubscription(_postscript_http(settings, wire))


def _postscript_redaction(_: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return PostscriptRedaction(_postscript_http(settings, wire))


def _postscript_events(name: str, settings: DestinationSettings, wire: Wire) -> Destination:
    return PostscriptEvents(_postscript_http(settings, wire), settings.object_id(name))


def _file(name: str, settings: DestinationSettings, _: Wire) -> Destination:
    return FileMirror(open_table(name, settings))


# Kinds of object that are the account itself: no name follows them.
NAMELESS = frozenset(
    {"profiles", "suppression", "unsubscription", "deletion", "subscribers", "redaction"}
)
# Destination, then the kind of object before its "/".
PLUGINS: Mapping[str, Mapping[str, Opener]] = {
    "klaviyo": {
        "profiles": _klaviyo_profiles,
        "list": _klaviyo_list,
        "events": _klaviyo_events,
        "suppression": _klaviyo_suppression,
        "unsubscription": _klaviyo_unsubscription,
        "deletion": _klaviyo_deletion,
    },
    "meta": {"custom_audience": _meta_audience, "conversions": _meta_conversions},
    "google": {"customer_match": _google_list, "conversions": _google_conversions},
    "tiktok": {"audience": _tiktok_audience, "conversions": _tiktok_conversions},
    "postscript": {
        "subscribers": _postscript_subscribers,
        "unsubscription": _postscript_unsubscription,
        "redaction": _postscript_redaction,
        "events": _postscript_events,
    },
    "file": {"file": _file},
}


@dataclass(frozen=True)
class OptOutObject:
    """The vendor's own record of people who opted out of a channel.

    ``identifier``: the column that names the person there; the row's key is its digest.
    """

    object: str
    channel: str
    identifier: str


# Where an opt-out is told besides leaving the lists. These rows only ever take consent away.
OPT_OUT_OBJECTS: Mapping[str, tuple[OptOutObject, ...]] = {
    "klaviyo": (
        OptOutObject("unsubscription", "email", "email"),
        OptOutObject("unsubscription", "sms", "phone_number"),
        OptOutObject("suppression", "email", "email"),
    ),
    "postscript": (OptOutObject("unsubscription", "sms", "phone_number"),),
}


@dataclass(frozen=True)
class ErasureObject:
    """The vendor's own erasure. ``identifiers``: columns that name a person there, one a row."""

    object: str
    identifiers: tuple[str, ...]


# Where everything about a person can be erased by a call. Of the others she leaves the lists; what
# else they hold (events) is a person's task there.
ERASURE_OBJECTS: Mapping[str, ErasureObject] = {
    "klaviyo": ErasureObject("deletion", ("email", "phone_number")),
    "postscript": ErasureObject("redaction", ("phone_number", "email")),
}


# Destinations that serve one channel of consent only.
CHANNELS: Mapping[str, str] = {"postscript": "sms"}


def has_plugin(name: str, object_name: str) -> bool:
    """True where a plug-in of the destination opens objects of that kind."""
    return object_name.partition("/")[0] in PLUGINS.get(name, {})


def open_destination(
    name: str,
    object_name: str,
    settings: DestinationSettings,
    pacer: Pacer | None = None,
    *,
    transport: httpx.BaseTransport | None = None,
) -> Destination:
    """The plug-in for one object, e.g. ``klaviyo`` and ``list/vip``. Makes no call.

    Args:
        pacer: makes requests wait for their turn; nobody waits if None.

    Raises:
        UnknownNameError: no such destination, or no such kind of object there.
        ConfigurationError: the base URL is neither https nor loopback; no name of a file.
    """
    if name not in PLUGINS:
        raise UnknownNameError("destination", name, list(PLUGINS))
    kind, _, rest = object_name.partition("/")
    kinds = PLUGINS[name]
    if kind not in kinds or (kind not in NAMELESS) != bool(rest):
        known = [kind if kind in NAMELESS else f"{kind}/<name>" for kind in kinds]
        raise UnknownNameError(f"object of {name}", object_name, known)
    return kinds[kind](rest, settings, Wire(transport, pacer or Unpaced()))
