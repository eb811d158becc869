"""The mapping of an orders export: which of its columns mean what.

What lives here: the grammar of the YAML, checked, with errors that name the key.
What never does: reading the export.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orchestration.errors import ConfigurationError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ShopMapping(_Strict):
    """The shop that the lines belong to."""

    name: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    country_code: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")


class RateMapping(_Strict):
    """One unit of the shop's currency in another, from a day on."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    rate: Decimal = Field(gt=0, max_digits=18, decimal_places=8)
    valid_from: date


class LineColumns(_Strict):
    """Column names of the export, one row per order line. The first five must be named.

    ``unit_price`` is in the shop's currency before ``discount_amount`` (of the whole line);
    ``shipping_amount`` is of the whole order, repeated on its lines.
    """

    order_number: str
    sku: str
    quantity: str
    unit_price: str
    ordered_at: str
    title: str | None = None
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    city: str | None = None
    region: str | None = None
    zip: str | None = None
    country: str | None = None
    discount_amount: str | None = None
    tax_amount: str | None = None
    shipping_amount: str | None = None

    def named(self) -> dict[str, str]:
        """Our name -> the export's, of the columns that are mapped."""
        return {ours: theirs for ours, theirs in self.model_dump().items() if theirs}


class RefundMapping(_Strict):
    """How a returned line is told from a sold one: by its order number, or by its sign.

    With a prefix a refund names no order; by sign it belongs to the order of its number.
    """

    order_number_prefix: str | None = Field(default=None, min_length=1)
    is_negative_quantity: bool = False


class OrdersExportMapping(_Strict):
    """The whole mapping."""

    relation: str = Field(min_length=1)
    shop: ShopMapping
    columns: LineColumns
    refunds: RefundMapping = RefundMapping()
    timezone: str = "UTC"
    source_name: str = "web"
    is_tax_included: bool = False
    gateway: str | None = None
    countries: dict[str, str] = Field(default_factory=dict)
    exchange_rates: tuple[RateMapping, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is no IANA time zone such as Europe/London") from None
        return value


def read_mapping(file: Path) -> OrdersExportMapping:
    """
    Raises:
        ConfigurationError: the file cannot be read, or a key is unknown, missing or wrong.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"The mapping {file.name} cannot be read ({type(error).__name__}).",
            remedy="Give a YAML file such as docs/examples/online_retail.yml.",
        ) from None
    try:
        return OrdersExportMapping.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ConfigurationError(
            f"The mapping {file.name} is wrong at '{key}': {first['msg']}.",
            remedy="Compare it with docs/examples/online_retail.yml.",
        ) from None
