"""Meta: custom audiences and conversions.

What lives here: one file per capability over one shared ``api.py``.
What never does: normalising, replacing a whole audience, the vendor's own client.
"""
