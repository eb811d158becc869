"""The only room that reads the environment.

What lives here: paths, the ledger's URL, vendor hosts and credentials, as one frozen value.
What never does: defaults for secrets, and any reading of a warehouse, ledger or clock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from orchestration.errors import ConfigurationError

PROJECT_DIR = Path(__file__).resolve().parent.parent
# Fewer people than this in an ad audience can be told apart.
SMALLEST_ADS_AUDIENCE = 50
BUILD_SCHEDULE = "0 * * * *"
# Orders come from here; other sources are quiet for weeks and no less true.
STALE_SOURCES = ("shopify",)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Secret:
    """A credential that never prints itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the credential in clear; call it only where the request is built."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


@dataclass(frozen=True)
class DestinationSettings:
    """Where one vendor account is reached and with which credential.

    ``late_effect_hours``: no request has an effect later than that after it was sent.
    ``membership_days``: the vendor forgets a member that long after she was added; None: never.
    """

    name: str
    base_url: str
    account_id: str
    secret: Secret | None
    object_ids: Mapping[str, str] = field(default_factory=dict)
    membership_days: int | None = None
    late_effect_hours: float = 48.0

    @property
    def is_loopback(self) -> bool:
        """True where nothing leaves this machine: the demo's vendors, and files."""
        address = urlsplit(self.base_url)
        return address.scheme == "file" or (address.hostname or "") in LOOPBACK_HOSTS

    @property
    def is_connected(self) -> bool:
        """True where it can be sent to: a secret is set, or its host is this machine."""
        return self.secret is not None or self.is_loopback

    def object_id(self, object_name: str) -> str:
        """The vendor's own id of what we call ``object_name``; our name where unmapped."""
        return self.object_ids.get(object_name, object_name)


@dataclass(frozen=True)
class Settings:
    """Everything that the environment decides."""

    project_dir: Path
    home: Path
    ledger_url: str
    approvers_file: Path
    approver_key_file: Path | None
    destinations: Mapping[str, DestinationSettings]
    lock_timeout_seconds: float = 600.0
    build_schedule: str = BUILD_SCHEDULE
    second_person_above: int | None = None
    """A plan of more rows than this needs two people's signatures; None: one is enough."""
    stale_after_hours: float = 48.0
    stale_sources: tuple[str, ...] = STALE_SOURCES
    """Sources that must have landed within ``stale_after_hours`` before anything is planned."""
    smallest_ads_audience: int = SMALLEST_ADS_AUDIENCE
    """Additions to an ad audience of fewer people halt and ask."""
    segments_kept_days: int | None = None
    """Landed segments older than this are removed; None: kept, for nothing else holds an event."""
    # Keeps erased people from coming back; None: a key in a file beside the ledger.
    tombstone_key: Secret | None = None
    # Names of TRIBUTARY_DESTINATIONS; None where it is unset.
    enabled_destinations: frozenset[str] | None = None

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def warehouse_lock(self) -> Path:
        return self.home / "warehouse.lock"

    @property
    def inbox_dir(self) -> Path:
        """Where the hourly job looks for files in the raw layout."""
        return self.home / "inbox"

    @property
    def landing_dir(self) -> Path:
        return self.home / "landing"

    @property
    def segments_dir(self) -> Path:
        """Where the collector leaves storefront events and orders, and landing finds them."""
        return self.landing_dir / "segments"

    @property
    def plans_dir(self) -> Path:
        return self.home / "plans"

    @property
    def published_dir(self) -> Path:
        return self.home / "published"

    @property
    def snapshot(self) -> Path:
        """The pointer to the snapshot that is published now."""
        return self.published_dir / "current"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings.

        Raises:
            ConfigurationError: a secret is given twice, is empty, or its file cannot be read;
                TRIBUTARY_DESTINATIONS names an unknown destination.
        """
        env = os.environ if environ is None else environ
        project_dir = Path(env.get("TRIBUTARY_PROJECT_DIR", PROJECT_DIR)).resolve()
        home = Path(env.get("TRIBUTARY_HOME", project_dir / "var"))
        home = home if home.is_absolute() else (project_dir / home)
        key_file = env.get("TRIBUTARY_APPROVER_KEY_FILE")
        return cls(
            project_dir=project_dir,
            home=home,
            ledger_url=env.get("TRIBUTARY_LEDGER_URL", f"sqlite:///{home / 'ledger.sqlite'}"),
            approvers_file=Path(
                env.get("TRIBUTARY_APPROVERS_FILE", project_dir / "approvers.yml")
            ),
            approver_key_file=Path(key_file) if key_file else None,
            destinations={
                **{name: _destination(name, env) for name in _VENDOR_HOSTS},
                # The one folder that files may be written to; no variable moves it.
                "file": DestinationSettings("file", (home / "files").as_uri(), "", None),
            },
            lock_timeout_seconds=float(env.get("TRIBUTARY_LOCK_TIMEOUT_SECONDS", "600")),
            build_schedule=env.get("TRIBUTARY_BUILD_SCHEDULE", BUILD_SCHEDULE),
            second_person_above=_whole("TRIBUTARY_SECOND_PERSON_ABOVE", env),
            stale_after_hours=_whole("TRIBUTARY_STALE_AFTER_HOURS", env) or 48.0,
            stale_sources=tuple(
                filter(
                    None,
                    env.get("TRIBUTARY_STALE_SOURCES", ",".join(STALE_SOURCES)).split(","),
                )
            ),
            smallest_ads_audience=_whole("TRIBUTARY_SMALLEST_ADS_AUDIENCE", env)
            or SMALLEST_ADS_AUDIENCE,
            segments_kept_days=_whole("TRIBUTARY_SEGMENTS_KEPT_DAYS", env),
            tombstone_key=next(iter(_secrets("TRIBUTARY_TOMBSTONE_KEY", env)), None),
            enabled_destinations=_enabled_destinations(env),
        )


@dataclass(frozen=True)
class CollectorSettings:
    """What may be received, and from whom; a source without a secret is not listened to."""

    # Source -> every secret that may have signed: the new one and, after a rotation, the old one.
    webhook_secrets: Mapping[str, tuple[Secret, ...]]
    # Scope -> keys that have it.
    keys: Mapping[str, tuple[Secret, ...]]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> CollectorSettings:
        """Read the secrets.

        Raises:
            ConfigurationError: one is empty, too short, given twice, or there is none at all.
        """
        env = os.environ if environ is None else environ
        sources = {
            name: _secrets(f"TRIBUTARY_{name.upper()}_WEBHOOK_SECRETS", env)
            for name in _WEBHOOK_SOURCES
        }
        keys = {
            scope: _secrets(f"TRIBUTARY_{scope.upper().replace(':', '_')}_KEYS", env)
            for scope in KEY_SCOPES
        }
        found = cls(
            {name: some for name, some in sources.items() if some},
            {scope: some for scope, some in keys.items() if some},
        )
        if not found.webhook_secrets and not found.keys:
            raise ConfigurationError(
                "Nothing may be received: no webhook secret and no key is set.",
                remedy="Set TRIBUTARY_SHOPIFY_WEBHOOK_SECRETS or another of .env.example.",
            )
        return found


@dataclass(frozen=True)
class ProfileKey:
    """One reader of profiles: her name, the digest of her key, what she may read.

    The key itself is nowhere: it has 256 random bits, so that its plain SHA-256 tells nothing.
    """

    name: str
    digest: str
    scopes: frozenset[str]

    def __repr__(self) -> str:
        return f"ProfileKey({self.name}: {', '.join(sorted(self.scopes))}, ***)"


@dataclass(frozen=True)
class ProfileSettings:
    """Who may read profiles; without keys nobody is answered."""

    keys: tuple[ProfileKey, ...]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> ProfileSettings:
        """Read TRIBUTARY_PROFILE_KEYS, or the lines of TRIBUTARY_PROFILE_KEYS_FILE:
        ``name:scope+scope:sha256``, by commas or lines.

        Raises:
            ConfigurationError: an entry has another form, an unknown scope, or a name or key that
                came before.
        """
        variable = "TRIBUTARY_PROFILE_KEYS"
        given = _secret(variable, os.environ if environ is None else environ)
        text = "" if given is None else given.reveal()
        keys = tuple(
            _profile_key(variable, entry.strip())
            for entry in text.replace("\n", ",").split(",")
            if entry.strip()
        )
        for names in ([key.name for key in keys], [key.digest for key in keys]):
            if len(set(names)) < len(names):
                raise ConfigurationError(
                    f"{variable} holds a name or a key twice.",
                    remedy="Give each reader a name and a key of her own.",
                )
        return cls(keys)


@dataclass(frozen=True)
class CanarySettings:
    """Addresses of nobody, by which opting out is tested; None where there are none."""

    email: str | None
    phone: str | None

    def __repr__(self) -> str:
        return "CanarySettings(***)"

    @property
    def is_set(self) -> bool:
        return self.email is not None or self.phone is not None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> CanarySettings:
        """Read TRIBUTARY_CANARY_EMAIL and TRIBUTARY_CANARY_PHONE.

        Raises:
            ConfigurationError: one of them has not the form that a test needs.
        """
        env = os.environ if environ is None else environ
        email, phone = env.get("TRIBUTARY_CANARY_EMAIL"), env.get("TRIBUTARY_CANARY_PHONE")
        # Each test opts out an address of its own: a tag is put behind the local part.
        if email is not None and not re.fullmatch(r"[a-z0-9._-]{1,40}@[a-z0-9.-]+[.][a-z]+", email):
            raise ConfigurationError(
                "TRIBUTARY_CANARY_EMAIL is no plain address in small letters.",
                remedy="Give a mailbox of your own that is nobody's, without a '+'.",
            )
        if phone is not None and not re.fullmatch(r"[+][1-9][0-9]{6,14}", phone):
            raise ConfigurationError(
                "TRIBUTARY_CANARY_PHONE is no phone in E.164.",
                remedy="Give a number of your own that is nobody's, as +12025550100.",
            )
        return cls(email, phone)


def read_kill_at(environ: Mapping[str, str] | None = None) -> tuple[str, int] | None:
    """The point at which a crash test kills this process, and at which passage; else None.

    Raises:
        ConfigurationError: TRIBUTARY_KILL_AT is not ``name:n``.
    """
    text = (os.environ if environ is None else environ).get("TRIBUTARY_KILL_AT")
    if not text:
        return None
    name, _, passage = text.partition(":")
    if not name or not passage.isdigit() or int(passage) < 1:
        raise ConfigurationError(
            f"TRIBUTARY_KILL_AT is '{text}'.", remedy="Write point:n, or unset it."
        )
    return name, int(passage)


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment for tools that read theirs themselves (dbt, Dagster): telemetry off."""
    return {
        **os.environ,
        "TRIBUTARY_HOME": str(settings.home),
        "TRIBUTARY_PROJECT_DIR": str(settings.project_dir),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }


@contextmanager
def exported(settings: Settings) -> Iterator[None]:
    """Lend ``child_environment`` to this process, for a tool that runs inside it."""
    before = dict(os.environ)
    os.environ.update(child_environment(settings))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


PROFILE_SCOPES = ("profile:read", "consent:read", "profile:contact")
KEY_SCOPES = ("preferences:write", "preferences:read", "events:write")
SECRET_CHARACTERS_MIN = 16
_DEFAULT_WORDS = (
    "changeme", "change", "me", "please", "secret", "password", "default", "example", "placeholder",
    "your", "my", "the", "token", "api", "key", "webhook", "here", "insert", "todo", "admin",
    "test",
)  # fmt: skip
_WEBHOOK_SOURCES = ("shopify", "klaviyo", "postscript")
_VENDOR_HOSTS = {
    "klaviyo": "https://a.klaviyo.com",
    "meta": "https://graph.facebook.com",
    "google": "https://datamanager.googleapis.com",
    "tiktok": "https://business-api.tiktok.com",
    "postscript": "https://api.postscript.io",
}


def _enabled_destinations(env: Mapping[str, str]) -> frozenset[str] | None:
    text = env.get("TRIBUTARY_DESTINATIONS")
    if text is None:
        return None
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    known = (*_VENDOR_HOSTS, "file")
    unknown = sorted(names - set(known))
    if unknown:
        raise ConfigurationError(
            f"TRIBUTARY_DESTINATIONS names '{unknown[0]}'.",
            remedy=f"Known: {', '.join(known)}.",
        )
    return names


def _destination(name: str, env: Mapping[str, str]) -> DestinationSettings:
    prefix = f"TRIBUTARY_{name.upper()}"
    object_ids = {}
    for pair in filter(None, env.get(f"{prefix}_OBJECT_IDS", "").split(",")):
        ours, separator, theirs = pair.partition("=")
        if not separator or not ours.strip() or not theirs.strip():
            raise ConfigurationError(
                f"{prefix}_OBJECT_IDS holds '{pair}'.",
                remedy="Write name=vendor_id,name=vendor_id.",
            )
        object_ids[ours.strip()] = theirs.strip()
    base_url = env.get(f"{prefix}_URL", _VENDOR_HOSTS[name]).rstrip("/")
    _check_host(name, base_url, env)
    return DestinationSettings(
        name=name,
        base_url=base_url,
        account_id=env.get(f"{prefix}_ACCOUNT_ID", ""),
        secret=_secret(f"{prefix}_SECRET", env),
        object_ids=object_ids,
        membership_days=_whole(f"{prefix}_MEMBERSHIP_DAYS", env),
        late_effect_hours=_whole(f"{prefix}_LATE_EFFECT_HOURS", env) or 48.0,
    )


def _check_host(name: str, base_url: str, env: Mapping[str, str]) -> None:
    """A credential goes to its vendor, to this machine, or to a host that somebody allowed."""
    host = urlsplit(base_url).hostname or ""
    more = filter(None, env.get("TRIBUTARY_ALLOWED_HOSTS", "").split(","))
    allowed = {urlsplit(_VENDOR_HOSTS[name]).hostname, *LOOPBACK_HOSTS, *map(str.strip, more)}
    if host not in allowed:
        raise ConfigurationError(
            f"TRIBUTARY_{name.upper()}_URL leads to a host that is not allowed.",
            remedy=f"Use {_VENDOR_HOSTS[name]}, or name the host in TRIBUTARY_ALLOWED_HOSTS.",
        )


def _whole(variable: str, env: Mapping[str, str]) -> int | None:
    text = env.get(variable)
    if text is None:
        return None
    if not text.isdigit() or int(text) < 1:
        raise ConfigurationError(
            f"{variable} is '{text}'.", remedy="Write a whole number from 1, or unset it."
        )
    return int(text)


def _secret(variable: str, env: Mapping[str, str]) -> Secret | None:
    value, file = env.get(variable), env.get(f"{variable}_FILE")
    if value is not None and file is not None:
        raise ConfigurationError(
            f"{variable} and {variable}_FILE are both set.", remedy="Set one of them."
        )
    if file is not None:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(
                f"{variable}_FILE names a file that cannot be read ({error.strerror}).",
                remedy="Give a readable file that holds the secret and nothing else.",
            ) from error
    if value is None:
        return None
    if not value.strip():
        raise ConfigurationError(f"{variable} is empty.", remedy="Set it or unset it.")
    if any(map(_is_default, value.split(","))):
        raise ConfigurationError(
            f"{variable} holds the secret of an example.",
            remedy="Set a secret that was issued to you; everybody knows this one.",
        )
    return Secret(value)


def _is_default(secret: str) -> bool:
    """True for what stands in examples: a word that everybody tries, said once or more often, or
    one sign again and again."""
    letters = re.sub(r"[^a-z]", "", secret.lower())
    is_word = re.fullmatch(rf"({'|'.join(_DEFAULT_WORDS)})+", letters)
    return bool(is_word) or len(set(secret.strip())) == 1


def _profile_key(variable: str, entry: str) -> ProfileKey:
    # Scopes hold a colon themselves: the name stands before the first, the digest behind the last.
    name, _, rest = entry.partition(":")
    shown, _, digest = rest.rpartition(":")
    scopes = frozenset(shown.split("+"))
    is_formed = re.fullmatch(r"[a-z0-9_-]{1,40}", name) and re.fullmatch(r"[0-9a-f]{64}", digest)
    if not is_formed or not scopes <= set(PROFILE_SCOPES):
        raise ConfigurationError(
            f"{variable} holds an entry that is not name:scope+scope:sha256.",
            remedy=f"Make it with 'tributary reader NAME'; scopes: {', '.join(PROFILE_SCOPES)}.",
        )
    return ProfileKey(name, digest, scopes)


def _secrets(variable: str, env: Mapping[str, str]) -> tuple[Secret, ...]:
    given = _secret(variable, env)
    if given is None:
        return ()
    pieces = [piece.strip() for piece in given.reveal().split(",")]
    if not all(len(piece) >= SECRET_CHARACTERS_MIN for piece in pieces):
        raise ConfigurationError(
            f"{variable} holds an empty secret or one under {SECRET_CHARACTERS_MIN} characters.",
            remedy="Write the secrets as they were issued, separated by commas.",
        )
    if not all(piece.isascii() and piece.isprintable() for piece in pieces):
        raise ConfigurationError(
            f"{variable} holds a character that no header can carry.",
            remedy="Write each secret in plain letters, digits and signs.",
        )
    return tuple(Secret(piece) for piece in pieces)
