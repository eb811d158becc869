"""Proof of identity: what the graph and the matcher come to, on truth that no model sees.

What lives here: measurements, one function per claim, each ``(quick) -> Result``.
What never does: a threshold chosen by the truth that it is measured on.
"""
