"""Great Expectations at the two borders: what lands, what leaves.

What lives here: suites generated from contracts, run in one process.
What never does: an import of Great Expectations at module level.
"""
