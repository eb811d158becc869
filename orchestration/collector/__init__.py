"""The collector: webhooks, preferences and storefront events in, durable before they are answered.

What lives here: signatures, bounds, what each source's body says, group commit, the application.
What never does: the warehouse; sending; SQL; a body, an address or a secret in a log or an answer.
"""
