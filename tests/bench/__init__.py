"""`make bench`: connected components beside what else could do the job, in one run.

What lives here: the graph, the contenders, the table that comes out.
What never does: an assertion about time inside the test suite.
"""
