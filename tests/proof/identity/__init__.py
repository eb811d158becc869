"""Claims of identity: accuracy against truth, rivals beside it, ids that stay.

What lives here: one file per kind of claim, and the world they share.
What never does: a threshold that was chosen by looking at these seeds.
"""
