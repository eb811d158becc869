"""A file replaced as a whole, durably, for this user alone.

What lives here: the temporary file, its fsyncs and its renaming; the digest of what was written.
What never does: what stands in a file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from orchestration.faults import kill_point


class Digest:
    """A stream that keeps the SHA-256 of what was written to it, and how many times it was."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self.count = 0

    def write(self, text: str) -> int:
        self.count += 1
        self._sha256.update(text.encode())
        return self._stream.write(text)

    def value(self) -> str:
        return self._sha256.hexdigest()


@contextmanager
def replaced(file: Path) -> Iterator[TextIO]:
    """Write beside ``file`` and give it the name at the end: whole, or not at all."""
    temporary = file.with_name(f".{file.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        os.fchmod(descriptor, 0o600)
        yield stream
        stream.flush()
        os.fsync(descriptor)
    kill_point("file_before_replacement")
    temporary.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
