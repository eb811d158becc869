"""Klaviyo: profiles and list members.

What lives here: one file per capability over one shared ``api.py``.
What never does: subscribing, unsubscribing or suppressing anybody.
"""
