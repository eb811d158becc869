"""File: an object as a CSV file with a contract beside it, for tools that have no plug-in.

What lives here: cells (one value), contract (what a reader may rely on), replacing (a file as a
whole), table (the merge of changes), mirror (the plug-in).
What never does: the network, or any folder but the one in the settings.
"""
