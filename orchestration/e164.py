"""The one form of a phone number that everything matches on.

What lives here: E.164 from what a person typed.
What never does: guessing a country: a number without one must begin with a plus.
"""

from __future__ import annotations

import phonenumbers


def to_e164(phone: str, country_code: str) -> str | None:
    """The E.164 form (plus and digits) of a valid number, else None.

    ``country_code`` is ISO 3166-1 alpha-2 in capitals, or '' where it is not known.
    """
    region = country_code if country_code in phonenumbers.SUPPORTED_REGIONS else None
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
