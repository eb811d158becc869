"""Groups of commands that would make ``cli.py`` too long.

What lives here: commands, their options, and which room each one calls.
What never does: work. Rooms are imported inside commands, as in ``cli.py``.
"""
