"""The rights of a person: her data is found, given to her, and erased wherever it stands.

What lives here: who she is in every store, the order of an erasure, the export, open requests.
What never does: a vendor's name; how a store is written otherwise (its own room).
"""
