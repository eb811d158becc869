"""What must occur in every brand of 2,000 customers: a name and a count that may not be 0."""

from __future__ import annotations

_ORDER = 'select count(*) from shopify."order" as o'
_LINE_OF = (
    "select count(*) from (select order_id, count(*) from shopify.{table} {where} "
    "group by 1 having count(*) > 1)"
)
CASES = {
    "two shops": "select count(distinct _source_relation) - 1 from shopify.\"order\"",
    "euro orders with tax in the price": f"{_ORDER} where currency = 'EUR' and taxes_included",
    "guests without an account": f"{_ORDER} where customer_id is null and source_name = 'web'",
    "guests with a disabled account": (
        f"{_ORDER} join shopify.customer c on c.id = o.customer_id where c.state = 'disabled' "
        "and source_name = 'web'"
    ),
    "persons with several accounts": (
        "select count(*) from (select person_id from truth.records where person_id is not null "
        "and source_table = 'shopify.customer' group by 1 having count(*) > 2)"
    ),
    "persons in both shops": (
        "select count(*) from (select person_id from truth.records where person_id is not null and "
        "source_table = 'shopify.customer' group by 1 having count(distinct source_relation) > 1)"
    ),
    "typos in addresses": (
        f"{_ORDER} where email like '%gmial.com' or email like '%gmail.co' or email like '%gamil%'"
    ),
    "spaces around addresses": f"{_ORDER} where email like ' %'",
    "shouted addresses": f"{_ORDER} where email like '%@GMAIL.COM'",
    "tags in addresses": f"{_ORDER} where email like '%+shop@gmail.com'",
    "one person on several devices": (
        "select count(*) from (select person_id from truth.records "
        "where source_table = 'web.anonymous_id' group by 1 having count(*) > 2)"
    ),
    "families on one device": (
        "select count(*) from (select source_row_id from truth.records where source_table = "
        "'web.anonymous_id' group by 1 having count(distinct person_id) between 2 and 5)"
    ),
    "kiosks": (
        "select count(*) from (select source_row_id from truth.records where source_table = "
        "'web.anonymous_id' group by 1 having count(distinct person_id) > 5)"
    ),
    "families on one phone": (
        "select count(*) from (select phone from truth.persons where phone is not null "
        "group by 1 having count(*) > 1)"
    ),
    "support address": f"{_ORDER} where email = 'support@aurora-store.com'",
    "noreply address": f"{_ORDER} where email = 'noreply@aurora-store.com'",
    "test address": f"{_ORDER} where email = 'test@example.com' and test",
    "marketplace relay": (
        f"{_ORDER} where email like '%@scs2.tiktokw.us' and source_name = 'tiktok'"
    ),
    "private relay": f"{_ORDER} where email like '%@privaterelay.appleid.com'",
    "walk-in placeholder": (
        f"{_ORDER} join shopify.customer c on c.id = o.customer_id where source_name = 'pos' "
        "and c.email = 'pos@aurora-store.com'"
    ),
    "point of sale without customer": f"{_ORDER} where source_name = 'pos' and customer_id is null",
    "point of sale with receipt": (
        f"{_ORDER} where source_name = 'pos' and email like '%@gmail.com'"
    ),
    "phone orders": f"{_ORDER} where source_name = 'shopify_draft_order' and total_price > 0",
    "national phones": f"{_ORDER} where phone similar to '0[0-9]+'",
    "international phones": f"{_ORDER} where phone like '+49 %'",
    "phones with 00": f"{_ORDER} where phone like '0044%'",
    "phones with brackets": f"{_ORDER} where phone like '(___) ___-____'",
    "phones that are none": f"{_ORDER} where phone in ('n/a', '12345', '0000000000', 'call me')",
    "phones of five countries": (
        "select count(distinct shipping_address_country_code) - 4 from shopify.\"order\" "
        "where phone is not null"
    ),
    "gifts to somebody else": (
        f"{_ORDER} where shipping_address_last_name <> billing_address_last_name"
    ),
    "line discounts": "select count(*) from shopify.order_line where total_discount > 0",
    "order codes": "select count(*) from shopify.order_discount_code where type = 'percentage'",
    "shipping discounts": (
        "select count(*) from shopify.order_shipping_line where discounted_price < price"
    ),
    "three discounts on an order": (
        "select count(*) from (select order_id from shopify.discount_application group by 1 "
        "having count(*) > 2)"
    ),
    "gift card sales": "select count(*) from shopify.order_line where gift_card",
    "gift card tender": "select count(*) from shopify.transaction where gateway = 'gift_card'",
    "gift card and card on an order": (
        "select count(*) from shopify.transaction a join shopify.transaction b using (order_id) "
        "where a.gateway = 'gift_card' and b.gateway = 'shopify_payments' and b.kind = 'sale'"
    ),
    "two taxes on a line": _LINE_OF.format(table="tax_line", where="").replace(
        "order_id", "order_line_id"
    ),
    "orders without tax": f"{_ORDER} where total_tax = 0 and total_price > 0",
    "tips": f"{_ORDER} where total_tip_received > 0",
    "cancellations": f"{_ORDER} where cancelled_at is not null",
    "resellable returns": (
        "select count(*) from shopify.order_line_refund where restock_type = 'return'"
    ),
    "damaged returns": (
        "select count(*) from shopify.order_line_refund where restock_type = 'no_restock'"
    ),
    "part of a line returned": (
        "select count(*) from shopify.order_line_refund r join shopify.order_line l "
        "on l.id = r.order_line_id where r.quantity < l.quantity"
    ),
    "two refunds of an order": _LINE_OF.format(table="refund", where=""),
    "goodwill": "select count(*) from shopify.order_adjustment where kind = 'refund_discrepancy'",
    "shipping refunds": (
        "select count(*) from shopify.order_adjustment where kind = 'shipping_refund'"
    ),
    "return labels billed": (
        "select count(*) from costs.shipment where kind = 'return' and label_cost > 0"
    ),
    "return labels by rate card": (
        "select count(*) from costs.shipment where kind = 'return' and label_cost is null"
    ),
    "return labels the customer paid": (
        "select count(*) from costs.shipment where kind = 'return' and label_cost = 0"
    ),
    "labels by rate card": (
        "select count(*) from costs.shipment where kind = 'outbound' and label_cost is null"
    ),
    "split or repeated shipments": _LINE_OF.format(table="fulfillment", where=""),
    "orders not shipped yet": f"{_ORDER} where fulfillment_status is null and cancelled_at is null",
    "free gifts": (
        "select count(*) from shopify.order_line where price = 0 and sku = 'GIFT-SAMPLE'"
    ),
    "replacements for nothing": (
        f"{_ORDER} join shopify.order_tag t on t.order_id = o.id and t.value = 'replacement' "
        "where total_price = 0"
    ),
    "wholesale": "select count(*) from shopify.order_tag where value = 'wholesale'",
    "employees": "select count(*) from shopify.order_tag where value = 'employee'",
    "tags without meaning": "select count(*) from shopify.order_tag where value = 'repeat'",
    "chargebacks": "select count(*) from shopify.transaction where kind = 'chargeback'",
    "failed payments": "select count(*) from shopify.transaction where status = 'failure'",
    "captures after authorization": (
        "select count(*) from shopify.transaction where kind = 'capture' and parent_id is not null"
    ),
    "store credit": "select count(*) from shopify.transaction where gateway = 'store_credit'",
    "card payments without a billed fee": (
        "select count(*) from shopify.transaction t left join costs.transaction_fee f on "
        "f.transaction_id = t.id where t.gateway = 'shopify_payments' and t.kind = 'sale' "
        "and t.status = 'success' and f.fee_id is null"
    ),
    "unit costs that changed": (
        "select count(*) from (select sku from costs.unit_cost_history group by 1 "
        "having count(distinct valid_from) > 2)"
    ),
    "goods without a cost": (
        "select count(*) from shopify.inventory_item where cost is null and sku not like 'GIFT%'"
    ),
    "goods whose cost came later": (
        "select count(*) from truth.order_ledger where cost_quality = 'fallback'"
    ),
    "settlements without a fee": (
        "select count(*) from tiktok_shop.order_settlement where referral_fee is null"
    ),
    "platform discounts": (
        "select count(*) from tiktok_shop.order_settlement where platform_discount > 0"
    ),
    "devices that became known": (
        "select count(*) from (select anonymous_id from web.event group by 1 having "
        "min(timestamp) < min(case when email is not null then timestamp end))"
    ),
    "clicks nobody paid for": (
        "select count(*) from web.event where context_click_id_type = 'fbclid' "
        "and context_campaign_source is null"
    ),
    "paid visits without a tag": (
        "select count(*) from web.event where context_click_id_type = 'gclid' "
        "and context_campaign_source is null"
    ),
    "every click id": "select count(distinct context_click_id_type) - 6 from web.event",
    "GPC": "select count(*) from web.event where context_sec_gpc = '1'",
    "carts of the last day": (
        "select count(*) from web.event where event = 'add_to_cart' "
        "and timestamp >= timestamp '2026-10-31'"
    ),
    "abandoned checkouts": "select count(*) from shopify.abandoned_checkout",
    "sessions over midnight": (
        "select count(*) from (select cart_token from web.event where cart_token is not null "
        "group by 1 having count(distinct timestamp::date) > 1)"
    ),
    "profiles who never bought": (
        "select count(*) from truth.records r join truth.persons p using (person_id) "
        "where r.source_table = 'klaviyo.person' and p.order_count = 0"
    ),
    "every e-mail metric": "select count(distinct metric_id) - 6 from klaviyo.event",
    "machine opens": "select count(*) from klaviyo.event where is_machine_open",
    "every suppression": (
        "select count(distinct suppression_reason) - 3 from klaviyo.profile_subscription"
    ),
    "every list": "select count(distinct list_id) - 2 from klaviyo.list_profile",
    "opt-outs only the e-mail tool knows": (
        "select count(*) from klaviyo.event where metric_id = 'MTR005'"
    ),
    "every consent source": "select count(distinct source) - 3 from privacy.consent_event",
    "every consent purpose": "select count(distinct purpose) - 3 from privacy.consent_event",
    "opt-in and opt-out at one second": (
        "select count(*) from privacy.consent_event a join privacy.consent_event b using "
        "(identifier_value, purpose, channel, occurred_at) where a.state < b.state"
    ),
    "consent by customer id": (
        "select count(*) from privacy.consent_event where identifier_type = 'shopify_customer_id'"
    ),
    "every privacy request": "select count(distinct kind) - 2 from privacy.request",
    "Californians": "select count(*) from truth.persons where is_california",
    "several purchase types a day": (
        "select count(*) from facebook_ads.basic_ad_actions a join facebook_ads.basic_ad_actions b "
        "using (ad_id, date) where a.action_type = 'purchase' and b.action_type = 'omni_purchase'"
    ),
    "every state of a subscription": (
        "select count(distinct status) - 2 from recharge.subscription"
    ),
    "every end of a charge": "select count(distinct status) - 5 from recharge.charge",
    "charges for several subscriptions": (
        "select count(*) from (select charge_id from recharge.charge_line_item "
        "where purchase_item_type = 'SUBSCRIPTION' group by 1 having count(*) > 1)"
    ),
    "charges with something once": (
        "select count(*) from recharge.charge_line_item where purchase_item_type = 'ONETIME'"
    ),
    "cards that were tried again": (
        "select count(*) from recharge.charge where status = 'SUCCESS' and charge_attempts > 1"
    ),
    "subscriptions in euro": (
        "select count(*) from recharge.subscription where _source_relation = 'aurora-eu'"
    ),
    "third cycles": "select count(*) from truth.subscription_charges where cycle_number = 3",
}
