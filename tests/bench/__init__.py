"""`make bench`: what connected components and margin cost beside what else could do the job.

What lives here: their input, the contenders, the tables that come out.
What never does: an assertion about time inside the test suite.
"""
