"""The rate cards that hold where no actual cost was billed.

What lives here: one constant per rate, in minor units of the shop's own currency (the same figure
in both shops unless two are given) or in millionths.
What never does: rules that apply them (``ledger.py``), and rates read from the warehouse's seeds:
the brand must be able to contradict them.

- payment fee: 2.9 % + 0.30 (aurora-us), 1.9 % + 0.25 (aurora-eu), gateways of CARD_GATEWAYS only
- pick and pack: 2.50 for the first unit of a parcel, 0.40 for each further unit
- packaging: 0.85 a parcel
- carrier label: 7.80 (aurora-us), 5.90 (aurora-eu) a parcel; return label: 6.10
- return handling: 1.50 a refund with returned lines
- marketplace fee: 6 % of (customer payment + platform discount - tax); refund administration fee:
  20 % of that fee, at most 5.00
- chargeback fee: 15.00
"""

from __future__ import annotations

PAYMENT_FEE_MILLIONTHS = (29_000, 19_000)
PAYMENT_FEE_FIXED = (30, 25)
CARD_GATEWAYS = ("shopify_payments", "paypal")

PICK_PACK_FIRST_UNIT = 250
PICK_PACK_FURTHER_UNIT = 40
PACKAGING_PER_PARCEL = 85
LABEL_PER_PARCEL = (780, 590)
RETURN_LABEL = 610
RETURN_HANDLING_PER_REFUND = 150

MARKETPLACE_FEE_MILLIONTHS = 60_000
REFUND_ADMIN_FEE_MILLIONTHS = 200_000
REFUND_ADMIN_FEE_CAP = 500
CHARGEBACK_FEE = 1_500
