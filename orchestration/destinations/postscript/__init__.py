"""Postscript: one file per capability.

What lives here: subscribers (properties of those who are), compliance (unsubscription, redaction),
events, and the table of its errors.
What never does: adding a subscriber. Every add by this vendor's API sends the person a text.
"""
