"""Commands of people who look after identities: explain, link, unlink, block.

What lives here: their options, and which room each one calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.errors import ConfigurationError

if TYPE_CHECKING:
    from orchestration.identity.instruct import Outcome, Signed

explain_app = typer.Typer(help="Why the data says what it says.", no_args_is_help=True)
identity_app = typer.Typer(help="Mend identities by hand.", no_args_is_help=True)

_FORMS = "cus_…, TYPE:VALUE, TYPE@SCOPE:VALUE, an e-mail, a phone, or relation|table|row."
Name = Annotated[str, typer.Argument(help=_FORMS)]
OtherName = Annotated[str | None, typer.Argument(help="The same forms; none for a summary.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Reason = Annotated[str, typer.Option(help="Why, without an address: it is published.")]
Actor = Annotated[str | None, typer.Option(help="Who says so; by default who is logged in.")]


@explain_app.command("identity")
def explain_identity(
    name: Name,
    other: OtherName = None,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file, masked.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show addresses in full.")] = False,
    json: Json = False,
) -> None:
    """Why two names are one customer, what keeps them apart, or what one name is made of."""
    from orchestration.console import Output
    from orchestration.identity.document import as_json
    from orchestration.identity.explain import explain_identity as explain
    from orchestration.identity.report import as_lines
    from orchestration.settings import Settings

    if svg is not None and not svg.parent.is_dir():
        raise ConfigurationError(
            f"{svg.parent} is no folder to draw into.", remedy="Create it, or give another --svg."
        )
    found = explain(Settings.from_env(), name, other)
    value, lines = as_json(found, reveal=reveal), as_lines(found, reveal=reveal)
    if svg is not None:
        from orchestration.identity.drawing import draw
        from orchestration.identity.scene import scene_of

        svg.write_text(draw(scene_of(found)), encoding="utf-8")
        value["svg"] = str(svg)
        lines.append(f"Drawn into {svg}.")
    Output.choose(json).answer(value, *lines)


@identity_app.command()
def link(
    name: Name, other: Name, reason: Reason, actor: Actor = None, json: Json = False
) -> None:
    """Say that two names are one person."""
    from orchestration.identity import instruct
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    signed = _signed(reason, actor)
    _answer(instruct.link(Settings.from_env(), name, other, signed, now=utc_now), json)


@identity_app.command()
def unlink(
    name: Name, other: Name, reason: Reason, actor: Actor = None, json: Json = False
) -> None:
    """Say that the first name is not the person of the second, though both are one customer."""
    from orchestration.identity import instruct
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    signed = _signed(reason, actor)
    _answer(instruct.unlink(Settings.from_env(), name, other, signed, now=utc_now), json)


@identity_app.command()
def block(
    identifier: Annotated[str, typer.Argument(help="TYPE:VALUE, an e-mail or a phone.")],
    reason: Reason,
    lift: Annotated[bool, typer.Option("--lift", help="Let it join records again.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Though no record shows it yet.")] = False,
    actor: Actor = None,
    json: Json = False,
) -> None:
    """Say that an identifier is nobody's own: it joins no records any more."""
    from orchestration.identity import instruct
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    signed = _signed(reason, actor)
    outcome = instruct.block(
        Settings.from_env(), identifier, signed, lift=lift, force=force, now=utc_now
    )
    _answer(outcome, json)


def _signed(reason: str, actor: str | None) -> Signed:
    from getpass import getuser

    from orchestration.identity.instruct import Signed

    if actor is not None:
        return Signed(reason, actor)
    try:
        return Signed(reason, getuser())
    except (OSError, KeyError, ImportError):
        raise ConfigurationError(
            "This system does not say who is logged in.", remedy="Give --actor."
        ) from None


def _answer(outcome: Outcome, is_json: bool) -> None:
    from rich.markup import escape

    from orchestration.console import Output

    Output.choose(is_json).answer(outcome.as_json(), escape(outcome.message))
