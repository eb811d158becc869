"""Addresses of customers as digests: the subjects that suppressions and look-ups go by.

What lives here: that relation in SQL, over the public models.
What never does: an address in clear; writing.
"""

from __future__ import annotations

from orchestration.ledger.facts import SHARED_BY_MAX
from orchestration.publish.relations import Relation, quoted

IDENTITY_MAP: Relation = ("identity", "identity_map")
CUSTOMERS: Relation = ("customer", "dim_customers")
# What a person says of herself: a profile in the lookup file names nobody in clear.
CONTACT_COLUMNS = ("email", "phone_number", "first_name", "last_name", "zip")


def subjects() -> str:
    """One row per (subject_type, subject_value, customer_id). An address that two customers share
    stands with both: each of them is reached by it."""
    return f"""
        select
            case identifier_type
                when 'email' then 'email_sha256' else 'phone_sha256'
            end as subject_type,
            sha256(case identifier_type
                when 'email' then lower(trim(identifier_value)) else trim(identifier_value)
            end) as subject_value,
            customer_id
        from {quoted(IDENTITY_MAP)}
        where identifier_type in ('email', 'phone')
        union
        select 'email_sha256', sha256(lower(trim(email))), customer_id
        from {quoted(CUSTOMERS)}
        where email is not null
        union
        select 'phone_sha256', sha256(trim(phone_number)), customer_id
        from {quoted(CUSTOMERS)}
        where phone_number is not null
    """


def suppressions_of_addresses(suppressions: Relation) -> str:
    """Suppressions of people, once more for each address of their own that the channel uses: an
    address that somebody got after she opted out is bound by it too."""
    return f"""
        with owned as ({subjects()}),
        own as (
            select subject_type, subject_value
            from owned
            group by subject_type, subject_value
            having count(*) <= {SHARED_BY_MAX}
        )
        select
            owned.subject_type,
            owned.subject_value,
            suppressed.channel,
            suppressed.purpose,
            suppressed.source_event,
            min(suppressed.suppressed_at) as suppressed_at
        from {quoted(suppressions)} as suppressed
        inner join owned
            on suppressed.subject_value = owned.customer_id
        inner join own
            on owned.subject_type = own.subject_type
            and owned.subject_value = own.subject_value
        where
            suppressed.subject_type = 'customer_id'
            and case suppressed.channel
                when 'email' then owned.subject_type = 'email_sha256'
                when 'sms' then owned.subject_type = 'phone_sha256'
                else true
            end
        group by all
    """
