"""Tributary's Python rooms: landing, ledger, activation, destinations and their assembly.

What lives here: the rooms; this file itself stays empty.
What never does: a business rule or a metric. Those are SQL under ``models/``.
"""
