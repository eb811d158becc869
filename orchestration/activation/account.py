"""One vendor account while this process holds its lease: everything that sending there shares.

What lives here: the lease, the pace, the opened plug-ins, waiting without losing the lease.
What never does: rows, receipts, plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection

from orchestration.activation.backoff import ATTEMPTS, delay_seconds, is_worth_waiting
from orchestration.activation.errors import StoppedError
from orchestration.activation.pacing import LedgerPacer
from orchestration.destinations.base import DeliveryError, Destination, RetriableError
from orchestration.destinations.pace import Pacer
from orchestration.ledger import Ledger, leases
from orchestration.ledger.leases import HEARTBEAT_SECONDS, Lease
from orchestration.ledger.outbox import Mandate
from orchestration.settings import DestinationSettings

# How long an opt-out may wait while a plan waits for its vendor.
GLANCE_SECONDS = 0.5

OpenDestination = Callable[[str, str, DestinationSettings, Pacer], Destination]


class Account:
    """The account of one destination under ``lease``.

    ``sleep`` takes seconds, ``jitter`` gives 0 to 1, ``open_destination`` makes no call.
    ``attempts``: failures in a row after which sending stops.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: DestinationSettings,
        lease: Lease,
        open_destination: OpenDestination,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        attempts: int = ATTEMPTS,
    ) -> None:
        self.ledger = ledger
        self.settings = settings
        self.lease = lease
        self.now = now
        self._sleep = sleep
        self._jitter = jitter
        self._attempts = attempts
        self._open = open_destination
        self._opened: dict[str, Destination] = {}
        self._shown_at = now()
        self._meanwhile: Callable[[], object] | None = None
        self._urgent: Callable[[], object] | None = None
        self._gave_way_at = now()
        # What keeps the opt-outs of an object from going: asked again by the next delivery.
        self.troubles: dict[Mandate, str] = {}
        self._pacer = LedgerPacer(
            settings.name,
            settings.account_id,
            self.transaction,
            now,
            self.wait,
            before_request=self._give_way,
        )

    @property
    def name(self) -> str:
        return self.settings.name

    def destination(self, object_name: str) -> Destination:
        """The plug-in of one object, opened once.

        Raises:
            UnknownNameError, ConfigurationError: see the registry.
        """
        if object_name not in self._opened:
            self._opened[object_name] = self._open(
                self.name, object_name, self.settings, self._pacer
            )
        return self._opened[object_name]

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that a holder without the newest lease cannot enter."""
        with self.ledger.transaction() as connection:
            leases.keep(connection, self.lease, self.now())
            self._shown_at = self.now()
            yield connection

    @contextmanager
    def doing_meanwhile(self, work: Callable[[], object] | None) -> Iterator[None]:
        """Do ``work`` every few seconds of any wait inside the block; None: do nothing else."""
        before, self._meanwhile = self._meanwhile, work
        try:
            yield
        finally:
            self._meanwhile = before

    @contextmanager
    def giving_way(self, work: Callable[[], object] | None) -> Iterator[None]:
        """Do ``work`` between the requests of the block, as often as an opt-out may have to wait;
        None: nothing goes between.

        For reading page after page, which can take minutes. Never around rows that passed the gate.
        """
        self._urgent = work
        try:
            yield
        finally:
            self._urgent = None

    def _give_way(self) -> None:
        if self._urgent is None or abs(self.now() - self._gave_way_at) < timedelta(
            seconds=GLANCE_SECONDS
        ):
            return
        urgent, self._urgent = self._urgent, None
        try:
            self._show_heartbeat()
            urgent()
        finally:
            self._urgent, self._gave_way_at = urgent, self.now()

    def wait(self, seconds: float) -> None:
        """Sleep, showing a heartbeat as often as the lease needs."""
        while seconds > 0:
            step = min(seconds, HEARTBEAT_SECONDS if self._meanwhile is None else GLANCE_SECONDS)
            self._sleep(step)
            seconds -= step
            self._show_heartbeat()
            if self._meanwhile is not None:
                self._meanwhile()

    def _show_heartbeat(self) -> None:
        if abs(self.now() - self._shown_at) >= timedelta(seconds=HEARTBEAT_SECONDS):
            with self.transaction():
                pass

    def give_back_places(self) -> None:
        """See ``LedgerPacer.give_back``."""
        self._pacer.give_back()

    @contextmanager
    def sending_a_batch(self) -> Iterator[None]:
        """The rows of one request passed the gate just now: see ``LedgerPacer.begin_batch``."""
        self._pacer.begin_batch()
        try:
            yield
        finally:
            self._pacer.end_batch()

    def wait_or_stop(self, error: DeliveryError, failures: int) -> None:
        """Wait before the next attempt after the n-th failure in a row.

        Raises:
            StoppedError: waiting does not help, or took too long already.
        """
        if not isinstance(error, RetriableError):
            raise StoppedError(error.what, is_fatal=True) from error
        asked = error.retry_after_seconds
        if asked:
            self._pacer.block(asked)
        if failures >= self._attempts or not is_worth_waiting(failures, asked):
            raise StoppedError(error.what, is_fatal=False) from error
        self.wait(delay_seconds(failures, asked, self._jitter))
