"""The destinations there are, by name.

What lives here: which plug-in serves which object, and how it is put together from settings.
What never does: calls.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial

import httpx

from orchestration.destinations import meta
from orchestration.destinations.base import Destination
from orchestration.destinations.file.mirror import FileMirror, open_table
from orchestration.destinations.google import customer_match as google
from orchestration.destinations.google.errors import ERRORS as GOOGLE_ERRORS
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.klaviyo import api as klaviyo
from orchestration.destinations.klaviyo.errors import ERRORS as KLAVIYO_ERRORS
from orchestration.destinations.klaviyo.lists import KlaviyoList
from orchestration.destinations.klaviyo.profiles import KlaviyoProfiles
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

Transport = httpx.BaseTransport | None
Opener = Callable[[str, DestinationSettings, Transport], Destination]


def _client(module_http: Callable[..., VendorHttp], transport: Transport) -> VendorHttp:
    return module_http() if transport is None else module_http(transport=transport)


def _klaviyo_api(settings: DestinationSettings, transport: Transport) -> klaviyo.KlaviyoApi:
    make = partial(
        VendorHttp, settings, klaviyo.AUTHORIZATION, KLAVIYO_ERRORS, klaviyo.HEADERS
    )
    return klaviyo.KlaviyoApi(_client(make, transport))


def _klaviyo_profiles(
    _: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return KlaviyoProfiles(_klaviyo_api(settings, transport))


def _klaviyo_list(
    name: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return KlaviyoList(_klaviyo_api(settings, transport), settings.object_id(name))


def _meta_audience(
    name: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    make = partial(VendorHttp, settings, meta.AUTHORIZATION, meta.ERRORS, meta.HEADERS)
    return meta.MetaCustomAudience(
        _client(make, transport), settings.object_id(name), lambda: secrets.randbits(53) + 1
    )


def _google_list(
    name: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    make = partial(VendorHttp, settings, google.AUTHORIZATION, GOOGLE_ERRORS, google.HEADERS)
    return google.GoogleCustomerMatch(
        _client(make, transport), settings.account_id, settings.object_id(name)
    )


def _tiktok_http(settings: DestinationSettings, transport: Transport) -> VendorHttp:
    make = partial(
        VendorHttp,
        settings,
        tiktok.AUTHORIZATION,
        tiktok.ERRORS,
        tiktok.HEADERS,
        tiktok.CREDENTIAL_HEADER,
    )
    return _client(make, transport)


def _tiktok_audience(
    name: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    http = _tiktok_http(settings, transport)
    return TikTokAudience(http, settings.account_id, settings.object_id(name))


def _tiktok_conversions(
    name: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return TikTokConversions(_tiktok_http(settings, transport), settings.object_id(name))


def _postscript_http(settings: DestinationSettings, transport: Transport) -> VendorHttp:
    make = partial(
        VendorHttp, settings, postscript.AUTHORIZATION, postscript.ERRORS, postscript.HEADERS
    )
    return _client(make, transport)


def _postscript_subscribers(
    _: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return PostscriptSubscribers(_postscript_http(settings, transport))


def _postscript_unsubscription(
    _: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return PostscriptUnsubscription(_postscript_http(settings, transport))


def _postscript_redaction(
    _: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return PostscriptRedaction(_postscript_http(settings, transport))


def _postscript_events(
    name: str, settings: DestinationSettings, transport: Transport
) -> Destination:
    return PostscriptEvents(_postscript_http(settings, transport), settings.object_id(name))


def _file(name: str, settings: DestinationSettings, _: Transport) -> Destination:
    return FileMirror(open_table(name, settings))


# Kinds of object that are the account itself: no name follows them.
NAMELESS = frozenset({"profiles", "subscribers", "unsubscription", "redaction"})
# Destination, then the kind of object before its "/".
PLUGINS: Mapping[str, Mapping[str, Opener]] = {
    "klaviyo": {"profiles": _klaviyo_profiles, "list": _klaviyo_list},
    "meta": {"custom_audience": _meta_audience},
    "google": {"customer_match": _google_list},
    "postscript": {
        "subscribers": _postscript_subscribers,
        "unsubscription": _postscript_unsubscription,
        "redaction": _postscript_redaction,
        "events": _postscript_events,
    },
    "file": {"file": _file},
    "tiktok": {"audience": _tiktok_audience, "conversions": _tiktok_conversions},
}


def open_destination(
    name: str,
    object_name: str,
    settings: DestinationSettings,
    *,
    transport: httpx.BaseTransport | None = None,
) -> Destination:
    """The plug-in for one object, e.g. ``klaviyo`` and ``list/vip``. Makes no call.

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
    return kinds[kind](rest, settings, transport)
