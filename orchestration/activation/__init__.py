"""Activation: what each channel should hold, approved by a person, sent, receipted.

What lives here: specs, plans, guards, approvals, the gate and the sender.
What never does: a vendor's wire format (``destinations``); who belongs to an audience (models).
"""
