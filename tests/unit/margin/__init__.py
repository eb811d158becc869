"""Tests of the room that explains an order's margin.

What lives here: a hand-made warehouse and what a person is told of it.
What never does: dbt; the models' rules (``models/**/_*__unit_tests.yml``).
"""
