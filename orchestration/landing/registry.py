"""The sources that landing accepts from a folder: one line each.

What lives here: the name, and the ``_source_relation`` of its rows where neither the file nor
``--relation`` names one. Sources whose rows belong to a shop's orders share the shop's.
What never does: columns and types (``models/staging/<source>/_<source>__sources.yml``), or readers.
"""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, str] = {
    "costs": "shopify",
    "creatives": "creatives",
    "creators": "creators",
    "experiments": "experiments",
    "facebook_ads": "facebook_ads",
    "google_ads": "google_ads",
    "google_merchant": "google_merchant",
    "klaviyo": "klaviyo",
    "lists": "klaviyo",
    "privacy": "shopify",
    "recharge": "shopify",
    "shopify": "shopify",
    "surveys": "shopify",
    "tiktok_ads": "tiktok_ads",
    "tiktok_shop": "shopify",
    "web": "shopify",
}
