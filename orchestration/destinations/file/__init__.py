"""File: an object as a CSV file with a contract beside it, for tools that have no plug-in.

What lives here: cells (one value), table (the file that is replaced), mirror (the plug-in).
What never does: the network, or any folder but the one in the settings.
"""
