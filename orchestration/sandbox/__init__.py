"""Loopback servers with each vendor's wire format.

What lives here: what the vendors refuse and answer, their own truth of who is where, and faults.
What never does: code of the destinations; nothing that runs in production imports this room.
"""
