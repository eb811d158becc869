"""Klaviyo: profiles, list members, events and opt-outs.

What lives here: one file per capability over one shared ``api.py``.
What never does: subscribing anybody, or lifting an unsubscription or a suppression.
"""
