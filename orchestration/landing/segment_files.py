"""The collector's segments as files: which there are, and whole lines from where the last landing
ended.

What lives here: names, order, batches of bytes that end with a line, which landed ones may go.
What never does: what a line means, the warehouse, writing a line (the collector does).

``<stream>-<number>.jsonl.open`` is being written; a whole segment has lost the ``.open``. Numbers
begin again where a stream has no file left, so a segment is known by its name and its first line.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

OPEN_SUFFIX = ".open"
STREAMS = ("events", "orders")
BATCH_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"(?P<stream>[a-z]+)-(?P<number>[0-9]+)\.jsonl(?P<open>\.open)?")


@dataclass(frozen=True)
class Segment:
    """One segment; ``name`` is that of the whole one, also while it is written."""

    folder: Path
    stream: str
    number: int
    name: str
    is_open: bool

    @property
    def path(self) -> Path:
        return self.folder / (self.name + (OPEN_SUFFIX if self.is_open else ""))


@dataclass(frozen=True)
class Batch:
    """Whole lines of one segment from byte ``start`` up to byte ``end``."""

    content: bytes
    start: int
    end: int
    is_last: bool
    """Nothing follows, now or later: the segment is whole."""

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hex."""
        return hashlib.sha256(self.content).hexdigest()


def find_segments(folder: Path) -> list[Segment]:
    """The segments of the known streams, oldest first; nothing where there is no folder."""
    if not folder.is_dir():
        return []
    found: dict[str, Segment] = {}
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is None or match["stream"] not in STREAMS:
            continue
        name, is_open = path.name.removesuffix(OPEN_SUFFIX), match["open"] is not None
        # Renamed while we looked, it may show under both names: the whole one counts.
        if name not in found or not is_open:
            found[name] = Segment(folder, match["stream"], int(match["number"]), name, is_open)
    return sorted(found.values(), key=lambda one: (one.stream, one.number))


def head_digest(segment: Segment) -> str | None:
    """SHA-256 of the first line; None where there is none yet, or the segment is gone."""
    file = opened(segment)
    if file is None:
        return None
    with file:
        line = file.readline()
    return hashlib.sha256(line).hexdigest() if line.endswith(b"\n") else None


def read_batch(segment: Segment, start: int, most_bytes: int = BATCH_BYTES) -> Batch:
    """Whole lines from ``start`` on, at most ``most_bytes`` unless one line is longer.

    What is read from a segment under way is on disk before this returns: a line that we land must
    not be one that a loss of power takes back. A torn last line was never acknowledged.
    """
    file = opened(segment)
    if file is None:
        return Batch(b"", start, start, is_last=False)
    with file:
        is_open = file.name.endswith(OPEN_SUFFIX)
        size = os.fstat(file.fileno()).st_size
        if is_open:
            os.fsync(file.fileno())
        file.seek(start)
        content = file.read(min(most_bytes, max(size - start, 0)))
        if b"\n" not in content and start + len(content) < size:
            content += file.readline(size - start - len(content))
    whole = content[: content.rfind(b"\n") + 1]
    end = start + len(whole)
    is_rest_torn = not whole and start + len(content) == size
    return Batch(whole, start, end, is_last=not is_open and (end == size or is_rest_torn))


def size_and_time(segment: Segment) -> tuple[int, datetime] | None:
    """Bytes and the time of the last write (UTC, naive); None where the file is gone."""
    try:
        status = segment.path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None)


def prunable(
    segments: Collection[Segment], landed: Collection[str], *, kept_since: datetime
) -> list[Segment]:
    """Whole segments that landed to their end, were last written before ``kept_since`` (UTC, naive)
    and are not their stream's newest: the next number is counted from that one.

    Args:
        landed: names of the segments whose every line is in the warehouse.
    """
    newest = {one.stream: one.number for one in sorted(segments, key=lambda one: one.number)}
    return [
        one
        for one in segments
        if not one.is_open
        and one.name in landed
        and one.number != newest[one.stream]
        and (found := size_and_time(one)) is not None
        and found[1] < kept_since
    ]


def opened(segment: Segment) -> BufferedReader | None:
    """The file under the name that it has now: it may have been closed since it was listed, or gone
    because it was empty."""
    whole = segment.folder / segment.name
    for path in (whole, segment.folder / f"{segment.name}{OPEN_SUFFIX}", whole):
        try:
            return path.open("rb")
        except FileNotFoundError:
            continue
    return None
