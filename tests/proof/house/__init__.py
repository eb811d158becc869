"""``make prove-house``: the house stands and the main job runs through it, measured.

What lives here: the claims about the house, a file for each kind.
What never does: the runner (``tests/proof/harness.py``).
"""
