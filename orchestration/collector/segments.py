"""Landing segments: JSONL files that are on disk before anybody is told so.

What lives here: appending with fsync, rotation by size and age, what a killed process left open.
What never does: reading them (landing does), or what a line means.

``<stream>-<number>.jsonl.open`` is being written by the process that holds its lock; a whole one
has lost the ``.open``. A line may stand there twice; its ``event_id`` tells.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.collector.intake import Line
from orchestration.faults import kill_point

OPEN_SUFFIX = ".open"
SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_SECONDS = 300.0
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
_REMEMBERED = 20_000


@dataclass
class _Open:
    """A segment that is being written: everything up to ``size`` is on disk."""

    path: Path
    descriptor: int
    size: int
    opened_at: float


class Segments:
    """The writer of one folder; several processes may write it, each its own files."""

    def __init__(
        self, folder: Path, clock: Callable[[], float], *, most_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._most_bytes = most_bytes
        self._open: dict[str, _Open] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._finish_abandoned()

    def append(self, lines: Sequence[Line]) -> int:
        """Write the lines that were not written lately; on disk when this returns.

        Raises:
            OSError: the disk is full or gone; nothing of this call remains.
        """
        new = {line.key: line for line in lines if line.key not in self._known}
        for stream in sorted({line.stream for line in new.values()}):
            content = b"".join(
                json.dumps(line.row, separators=(",", ":")).encode() + b"\n"
                for line in new.values()
                if line.stream == stream
            )
            self._write(stream, content)
        for key in new:
            self._known[key] = None
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return len(new)

    def rotate(self) -> None:
        """Close what is large or old enough to be landed."""
        for stream, one in list(self._open.items()):
            is_old = self._clock() - one.opened_at >= SEGMENT_SECONDS
            if one.size and (one.size >= self._most_bytes or is_old):
                self._finish(stream)

    def close(self) -> None:
        """Close every segment."""
        for stream in list(self._open):
            self._finish(stream)

    def _write(self, stream: str, content: bytes) -> None:
        one = self._open.get(stream) or self._begin(stream)
        try:
            written = 0
            while written < len(content):
                written += os.write(one.descriptor, content[written:])
            kill_point("collector_before_segment_sync")
            os.fsync(one.descriptor)
        except OSError:
            self._give_up(stream)
            raise
        one.size += len(content)
        if one.size >= self._most_bytes:
            self._finish(stream)

    def _begin(self, stream: str) -> _Open:
        number = 1 + max(
            (
                int(file.name.removeprefix(f"{stream}-").split(".")[0])
                for file in self._folder.glob(f"{stream}-*.jsonl*")
            ),
            default=0,
        )
        while True:
            path = self._folder / f"{stream}-{number:09}.jsonl{OPEN_SUFFIX}"
            try:
                descriptor = os.open(path, _NEW_FILE, 0o600)
                break
            except FileExistsError:
                number += 1
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _sync_folder(self._folder)
        self._open[stream] = _Open(path, descriptor, 0, self._clock())
        return self._open[stream]

    def _finish(self, stream: str) -> None:
        one = self._open.pop(stream)
        _close_whole(one.path, one.descriptor)

    def _give_up(self, stream: str) -> None:
        # After a failed fsync nobody knows what the disk holds beyond what was synced before.
        one = self._open.pop(stream)
        try:
            os.ftruncate(one.descriptor, one.size)
            _close_whole(one.path, one.descriptor)
        except OSError:
            # The next start finishes it.
            os.close(one.descriptor)

    def _finish_abandoned(self) -> None:
        for path in sorted(self._folder.glob(f"*.jsonl{OPEN_SUFFIX}")):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            # A torn last line was never acknowledged.
            whole = path.read_bytes().rfind(b"\n") + 1
            os.ftruncate(descriptor, whole)
            _close_whole(path, descriptor)


def _close_whole(path: Path, descriptor: int) -> None:
    os.fsync(descriptor)
    if os.fstat(descriptor).st_size:
        path.rename(path.with_name(path.name.removesuffix(OPEN_SUFFIX)))
    else:
        path.unlink()
    os.close(descriptor)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
