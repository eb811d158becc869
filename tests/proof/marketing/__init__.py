"""Claims of marketing: what a visit is, what brought it, and how orders are credited.

What lives here: one file per kind of claim, and the second ways of counting that they hold against.
What never does: a figure taken from what the models said.
"""
