"""Which declared deliveries can be planned here, why the others are skipped, and where opt-outs go.

What lives here: that decision, from settings and the plug-ins there are.
What never does: a plan, a call, a rule about people.

A brand uses some of the destinations that the models know. What it does not use is skipped with a
plain message: a plan that nobody could send would wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestration.activation.spec import SyncSpec
from orchestration.destinations.registry import has_plugin
from orchestration.settings import DestinationSettings, Settings

HasPlugin = Callable[[str, str], bool]


@dataclass(frozen=True)
class Skipped:
    """A delivery that is not planned, and the reason with its remedy."""

    destination: str
    object: str
    reason: str


def split_connected(
    settings: Settings, specs: Sequence[SyncSpec], has_plugin: HasPlugin = has_plugin
) -> tuple[list[SyncSpec], list[Skipped]]:
    """Deliveries to plan, and those to skip, each in the order given."""
    connected, skipped = [], []
    for spec in specs:
        reason = _reason(settings, spec, has_plugin)
        if reason is None:
            connected.append(spec)
        else:
            skipped.append(Skipped(spec.destination, spec.object, reason))
    return connected, skipped


def _reason(settings: Settings, spec: SyncSpec, has_plugin: HasPlugin) -> str | None:
    name = spec.destination
    if name not in settings.destinations:
        return "the settings know no such destination"
    kind = spec.object.partition("/")[0]
    if not has_plugin(name, spec.object):
        return f"no plug-in of {name} opens '{kind}'"
    if settings.enabled_destinations is not None:
        if name in settings.enabled_destinations:
            return None
        return "not named in TRIBUTARY_DESTINATIONS"
    # No vendor connected at all is a first look: every plan is shown. A folder needs no connecting.
    is_first_look = not any(
        one.is_connected
        for one in settings.destinations.values()
        if not one.base_url.startswith("file:")
    )
    if is_first_look or settings.destinations[name].is_connected:
        return None
    return f"no TRIBUTARY_{name.upper()}_SECRET is set"


@dataclass(frozen=True)
class Connected:
    """The destinations that opt-outs go to, by name."""

    destinations: Mapping[str, DestinationSettings]


def connected_destinations(settings: Settings) -> Connected:
    """Every destination that can be sent to: with a secret or on this machine, and not left out of
    TRIBUTARY_DESTINATIONS."""
    enabled = settings.enabled_destinations
    return Connected(
        {
            name: one
            for name, one in settings.destinations.items()
            if one.is_connected and (enabled is None or name in enabled)
        }
    )
