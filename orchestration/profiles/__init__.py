"""Who a person is and what holds for her now, for readers with a key.

What lives here: the published snapshot read by any identifier, with the ledger's consent over it.
What never does: the warehouse; writing anything but the link that tells of a disclosure.
"""
