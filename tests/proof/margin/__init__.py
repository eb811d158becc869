"""Claims of margin: worked examples to the cent, and what the models add up to.

What lives here: one file per kind of claim, and the fixtures they land.
What never does: a rule of what anything costs.
"""
