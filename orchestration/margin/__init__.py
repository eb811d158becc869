"""Why an order earned what it earned.

What lives here: reading an order's cost lines, their ladder and its check against the marts, text.
What never does: a rule of what anything costs (``models/intermediate/margin``).
"""
