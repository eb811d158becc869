"""Claims of marketing: what was published is reproduced, and what forecasts are worth is shown.

What lives here: one file per kind of claim.
What never does: a figure taken from what the code said.
"""
