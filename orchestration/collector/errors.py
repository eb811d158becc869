"""Why a request gets no 200.

What lives here: the two ways to say no, each with its status and one word for the answer.
What never does: a value of the request in a message.
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class RefusedError(TributaryError):
    """The request is wrong; sending it again helps only where the status says so."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(
            f"A request was refused ({code}).", remedy="The sender must change it."
        )
        self.status = status
        self.code = code


class UnavailableError(TributaryError):
    """The fact could not be made durable; the sender tries again."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"A fact could not be stored ({why}).",
            remedy="Free the disk or the ledger; senders try again by themselves.",
        )


def unreadable() -> RefusedError:
    """The body does not say what its topic promises."""
    return RefusedError(400, "bad_request")


def unauthorised() -> RefusedError:
    """No valid signature or key."""
    return RefusedError(401, "unauthorised")
