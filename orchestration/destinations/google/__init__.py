"""Google through the Data Manager API: Customer Match.

What lives here: one file per capability, and the table of errors they share.
What never does: the Google Ads API, whose upload is closed to new adopters.
"""
