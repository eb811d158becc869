"""A private file is replaced whole, whoever else replaces it at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestration.ledger.audit import write_durably


def test_threads_that_replace_one_file_leave_one_of_their_contents(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    contents = [bytes([65 + number]) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            list(threads.map(lambda content: write_durably(file, content), contents))
            assert file.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [file]
