"""Claims of marketing: what brought an order, what a customer will be worth.

What lives here: one file per kind of claim, and the second ways of counting that they hold against.
What never does: a figure taken from what the models said.
"""
