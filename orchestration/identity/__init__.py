"""People's tools of identity: what a name means, why records are one customer, how to mend it.

What lives here: reading the identity tables, explaining and drawing them, instructions by hand.
What never does: a rule of who is who (models/identity), a change to the warehouse.
"""
