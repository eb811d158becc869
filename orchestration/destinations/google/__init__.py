"""Google through the Data Manager API: Customer Match and conversions.

What lives here: one file per capability, and the calls and errors they share.
What never does: the Google Ads API, whose upload is closed to new adopters.
"""
