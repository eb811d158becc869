"""Tributary's Python rooms: landing, ledger, activation, destinations and their assembly.

Business rules live in SQL under ``models/``; nothing here computes a metric.
"""
