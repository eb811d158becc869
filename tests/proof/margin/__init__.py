"""Claims of contribution margin: to the cent, at every grain, on both clocks.

What lives here: one file per kind of claim, and the second ways of counting that they hold against.
What never does: a tolerance; money is equal or it is wrong.
"""
