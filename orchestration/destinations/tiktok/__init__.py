"""TikTok: one file per capability.

What lives here: audience (segment mapping), conversions (events), and the table of its errors.
What never does: hashing or normalising; a phone has two digests here, and SQL makes both.
"""
