"""``make prove-identity``: who is who, measured on a brand whose truth is known.

What lives here: the claims about identity, a file for each kind.
What never does: the runner (``tests/proof/harness.py``).
"""
