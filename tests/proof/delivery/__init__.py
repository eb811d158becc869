"""Claims about delivery, measured.

What lives here: the worlds and claims of ``make prove-delivery``.
What never does: the runner (``tests/proof/harness.py``).
"""
