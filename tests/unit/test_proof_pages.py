"""What a page of proofs keeps from one run to the next."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.proof import harness
from tests.proof.harness import Claim, Result, passed, prove

Page = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Runs claims on two rooms, and tells the code, who was measured and the page's text."""
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.delenv("QUICK", raising=False)
    for room in ("sender", "models"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "file.txt").write_text("as it was")
    (tmp_path / ".gitignore").write_text("var/\n")
    author = ["-c", "user.name=Anna", "-c", "user.email=anna@example.com"]
    for arguments in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "Begun"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)

    def run(
        fails: Sequence[str] = (), breaks: str = "", resume: bool = False
    ) -> tuple[int, list[str], str]:
        measured: list[str] = []

        def claim(name: str, rooms: tuple[str, ...]) -> Claim:
            def measure(quick: bool) -> Result:
                assert not quick
                if name == breaks:
                    raise KeyboardInterrupt
                measured.append(name)
                return passed(name not in fails, f"{name} of run", "holds")

            return Claim(name, f"Claim {name}", measure, rooms=rooms)

        monkeypatch.setenv("RESUME", "1" if resume else "0")
        claims = [claim("sent", ("sender",)), claim("built", ("models",)), claim("all", ())]
        try:
            code = prove("demo", claims)
        except KeyboardInterrupt:
            code = 130
        return code, measured, (tmp_path / "docs/proof/demo.md").read_text()

    return run


def test_a_run_that_ended_measures_everything_again(page: Page) -> None:
    assert page()[:2] == (0, ["sent", "built", "all"])
    assert page()[:2] == (0, ["sent", "built", "all"])


def test_an_interrupted_run_goes_on_after_its_last_claim(page: Page) -> None:
    code, measured, text = page(breaks="built")
    assert (code, measured) == (130, ["sent"])
    assert text.count("| OPEN |") == 2
    code, measured, text = page()
    assert (code, measured) == (0, ["built", "all"])
    assert text.count("| PASS |") == 3


def test_figures_are_kept_while_their_rooms_are_as_they_were(page: Page, tmp_path: Path) -> None:
    page()
    (tmp_path / "models" / "file.txt").write_text("changed")
    code, measured, text = page(resume=True)
    assert (code, measured) == (0, ["built", "all"])
    (sent, built) = (
        next(line for line in text.splitlines() if f"Claim {name}" in line)
        for name in ("sent", "built")
    )
    assert not sent.endswith("+ |")
    assert built.endswith("+ |")


def test_what_was_not_reached_keeps_only_a_line_that_still_holds(
    page: Page, tmp_path: Path
) -> None:
    page()
    (tmp_path / "models" / "file.txt").write_text("changed")
    _, measured, text = page(breaks="sent")
    assert not measured
    assert text.count("| PASS |") == 1
    assert text.count("| OPEN |") == 2
    _, measured, text = page(breaks="built")
    assert measured == ["sent"]
    assert text.count("| PASS |") == 1
    assert text.count("| OPEN |") == 2


def test_what_fell_short_is_measured_again(page: Page) -> None:
    code, _, text = page(fails=["built"])
    assert code == 1
    assert "| FAIL |" in text
    assert page(resume=True)[:2] == (0, ["built"])
