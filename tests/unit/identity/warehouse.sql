-- A hand-made brand with the tables that people's tools of identity read, and nothing else.
--
-- Ann: an account, two orders on it, an order as a guest that shares her phone with the account, a
-- newsletter profile that shares its e-mail with the guest order, a browser; once she was two ids.
-- Bob: her husband, on the same phone and the same tablet. Cleo: nearly Ann's address.
-- Ed: an account of another shop with the number of Ann's. Fay: an address that many share.
create schema identity;
create schema staging;

create table identity.int_identity_observations (
    node_key varchar, source_relation varchar, source_table varchar, source_row_id varchar,
    identifier_type varchar, identifier_scope varchar, identifier_value varchar,
    strength varchar, is_verified boolean, first_seen_at timestamp, last_seen_at timestamp
);
insert into identity.int_identity_observations
select
    relation || '|' || source_table || '|' || row_id, relation, source_table, row_id,
    identifier_type, case when identifier_type in ('email', 'phone', 'person_name') then ''
        when scope is null then relation else scope end,
    identifier_value, strength, strength = 'S1', seen_at::timestamp, seen_at::timestamp
from (values
    ('main', 'shopify.customer', '1', 'shopify_customer_id', null, '1', 'S1', '2025-01-05'),
    ('main', 'shopify.customer', '1', 'email', null, 'annlee@gmail.com', 'S1', '2025-01-05'),
    ('main', 'shopify.customer', '1', 'phone', null, '+14155550101', 'S3', '2025-01-05'),
    ('main', 'shopify.customer', '1', 'person_name', null, 'key-of-ann', 'S4', '2025-01-05'),
    ('main', 'shopify.order', '101', 'shopify_order_id', null, '101', 'S1', '2025-02-01'),
    ('main', 'shopify.order', '101', 'shopify_customer_id', null, '1', 'S1', '2025-02-01'),
    ('main', 'shopify.order', '101', 'email', null, 'annlee@gmail.com', 'S2', '2025-02-01'),
    ('main', 'shopify.order', '102', 'shopify_order_id', null, '102', 'S1', '2025-03-01'),
    ('main', 'shopify.order', '102', 'shopify_customer_id', null, '1', 'S1', '2025-03-01'),
    ('main', 'shopify.order', '102', 'email', null, 'annlee@gmail.com', 'S2', '2025-03-01'),
    ('main', 'shopify.order', '103', 'shopify_order_id', null, '103', 'S1', '2025-04-01'),
    ('main', 'shopify.order', '103', 'email', null, 'ann@work.example', 'S2', '2025-04-01'),
    ('main', 'shopify.order', '103', 'phone', null, '+14155550101', 'S3', '2025-04-01'),
    ('mail', 'klaviyo.person', 'K1', 'klaviyo_profile_id', null, 'K1', 'S1', '2025-05-01'),
    ('mail', 'klaviyo.person', 'K1', 'email', null, 'ann@work.example', 'S2', '2025-05-01'),
    ('main', 'web.anonymous_id', 'D1', 'email', null, 'ann@work.example', 'S4', '2025-05-02'),
    ('main', 'shopify.customer', '2', 'shopify_customer_id', null, '2', 'S1', '2025-01-20'),
    ('main', 'shopify.customer', '2', 'email', null, 'bob@home.example', 'S1', '2025-01-20'),
    ('main', 'shopify.customer', '2', 'phone', null, '+14155550101', 'S3', '2025-01-20'),
    ('main', 'shopify.order', '201', 'shopify_order_id', null, '201', 'S1', '2025-06-01'),
    ('main', 'shopify.order', '201', 'shopify_customer_id', null, '2', 'S1', '2025-06-01'),
    ('main', 'shopify.order', '201', 'email', null, 'bob@home.example', 'S2', '2025-06-01'),
    ('main', 'web.anonymous_id', 'D9', 'email', null, 'bob@home.example', 'S4', '2025-06-02'),
    ('main', 'web.anonymous_id', 'D9', 'email', null, 'annlee@gmail.com', 'S4', '2025-06-03'),
    ('main', 'shopify.customer', '3', 'shopify_customer_id', null, '3', 'S1', '2025-02-11'),
    ('main', 'shopify.customer', '3', 'email', null, 'amnlee@gmail.com', 'S1', '2025-02-11'),
    ('second', 'shopify.customer', '1', 'shopify_customer_id', null, '1', 'S1', '2025-02-12'),
    ('second', 'shopify.customer', '1', 'email', null, 'ed@home.example', 'S1', '2025-02-12'),
    ('main', 'shopify.customer', '5', 'shopify_customer_id', null, '5', 'S1', '2025-02-13'),
    ('main', 'shopify.customer', '5', 'email', null, 'fay@home.example', 'S1', '2025-02-13'),
    ('main', 'shopify.order', '501', 'shopify_order_id', null, '501', 'S1', '2025-02-14'),
    ('main', 'shopify.order', '501', 'shopify_customer_id', null, '5', 'S1', '2025-02-14'),
    ('main', 'shopify.order', '501', 'email', null, 'office@tower.example', 'S2', '2025-02-14'),
    ('main', 'shopify.order', '202', 'shopify_order_id', null, '202', 'S1', '2025-07-14'),
    ('main', 'shopify.order', '202', 'shopify_customer_id', null, '2', 'S1', '2025-07-14'),
    ('main', 'shopify.order', '202', 'email', null, 'office@tower.example', 'S2', '2025-07-14'),
    ('main', 'shopify.order', '901', 'shopify_order_id', null, '901', 'S1', '2025-08-01'),
    ('main', 'shopify.order', '901', 'email', null, 'till@pos.example', 'S2', '2025-08-01'),
    ('main', 'web.anonymous_id', 'D7', 'email', null, 'visitor@home.example', 'S4', '2025-08-02')
) as shown (
    relation, source_table, row_id, identifier_type, scope, identifier_value, strength, seen_at
);

create table identity.int_identity_identifiers as
select
    identifier_type, identifier_scope, identifier_value,
    case identifier_value
        when 'office@tower.example' then 'over_cap' when 'till@pos.example' then 'placeholder'
        else 'link'
    end as verdict,
    case identifier_value
        when 'office@tower.example' then 'email' when 'till@pos.example' then 'till'
    end as reason
from identity.int_identity_observations
where source_table <> 'web.anonymous_id'
group by identifier_type, identifier_scope, identifier_value;

create table identity.int_identity_members (node_key varchar, customer_id varchar);
insert into identity.int_identity_members values
('main|shopify.customer|1', 'cus_ann'), ('main|shopify.order|101', 'cus_ann'),
('main|shopify.order|102', 'cus_ann'), ('main|shopify.order|103', 'cus_ann'),
('mail|klaviyo.person|K1', 'cus_ann'),
('main|shopify.customer|2', 'cus_bob'), ('main|shopify.order|201', 'cus_bob'),
('main|shopify.order|202', 'cus_bob'),
('main|shopify.customer|3', 'cus_cleo'), ('second|shopify.customer|1', 'cus_ed'),
('main|shopify.customer|5', 'cus_fay'), ('main|shopify.order|501', 'cus_fay');

create table identity.customer_seeds (
    customer_id varchar, source_relation varchar, source_table varchar, source_row_id varchar
);
insert into identity.customer_seeds values
('cus_ann', 'main', 'shopify.customer', '1'), ('cus_bob', 'main', 'shopify.customer', '2'),
('cus_cleo', 'main', 'shopify.customer', '3'), ('cus_ed', 'second', 'shopify.customer', '1'),
('cus_fay', 'main', 'shopify.customer', '5');

create table identity.int_identity_edges (
    left_node varchar, right_node varchar, rule varchar, identifier_type varchar,
    identifier_scope varchar, identifier_value varchar, strength varchar, linked_at timestamp
);
insert into identity.int_identity_edges values
('main|shopify.customer|1', 'main|shopify.order|101', 'account', 'shopify_customer_id', 'main', '1',
 'S1', '2025-02-01'),
('main|shopify.order|101', 'main|shopify.order|102', 'account', 'shopify_customer_id', 'main', '1',
 'S1', '2025-03-01'),
('main|shopify.customer|1', 'main|shopify.order|101', 'email', 'email', '', 'annlee@gmail.com',
 'S2', '2025-02-01'),
('main|shopify.order|101', 'main|shopify.order|102', 'email', 'email', '', 'annlee@gmail.com',
 'S2', '2025-03-01'),
('main|shopify.customer|1', 'main|shopify.order|103', 'phone', 'phone', '', '+14155550101',
 'S3', '2025-04-01'),
('main|shopify.order|103', 'mail|klaviyo.person|K1', 'email', 'email', '', 'ann@work.example',
 'S2', '2025-05-01'),
('main|shopify.customer|2', 'main|shopify.order|201', 'account', 'shopify_customer_id', 'main', '2',
 'S1', '2025-06-01'),
('main|shopify.order|201', 'main|shopify.order|202', 'account', 'shopify_customer_id', 'main', '2',
 'S1', '2025-07-14'),
('main|shopify.customer|5', 'main|shopify.order|501', 'account', 'shopify_customer_id', 'main', '5',
 'S1', '2025-02-14');

create table identity.identity_map (
    identifier_type varchar, identifier_scope varchar, identifier_value varchar,
    customer_id varchar, rule varchar, first_seen_at timestamp
);
insert into identity.identity_map values
('anonymous_id', 'main', 'D1', 'cus_ann', 'device', '2025-05-02'),
('email', '', 'annlee@gmail.com', 'cus_ann', 'email', '2025-01-05');

create table identity.customer_id_history (
    old_customer_id varchar, customer_id varchar, valid_from timestamp, valid_to timestamp,
    reason varchar
);
insert into identity.customer_id_history values
('cus_eldest', 'cus_elder', '2025-04-01', null, 'phone'),
('cus_elder', 'cus_ann', '2025-05-01', null, 'email'),
('cus_fay', 'cus_bob', '2025-03-01', '2025-04-01', 'phone');

create table identity.guard_log (
    guard varchar, rule varchar, identifier_type varchar, identifier_scope varchar,
    identifier_sha256 varchar, left_node_key varchar, right_node_key varchar,
    left_customer_id varchar, right_customer_id varchar, reason varchar, stopped_at timestamp
);
insert into identity.guard_log values
('conflict_veto', 'phone', 'phone', '', sha256('+14155550101'), 'main|shopify.customer|1',
 'main|shopify.customer|2', 'cus_ann', 'cus_bob', 'verified people of different first names',
 '2025-01-20'),
('max_age', 'phone', 'phone', '', sha256('+14155550101'), 'main|shopify.customer|1',
 'main|shopify.order|103', 'cus_ann', 'cus_ann', 'not seen for longer than the rule allows',
 '2025-04-01'),
('temporal_device', 'device', 'anonymous_id', 'main', sha256('D9'), null, null, null, null,
 'several customers: each visit is of whoever signed in next', '2025-06-03'),
('fan_out_cap', 'email', 'email', '', sha256('office@tower.example'), null, null, null, null,
 'shared by too many', '2025-02-14'),
('block_list', null, 'email', '', sha256('till@pos.example'), null, null, null, null,
 'till', '2025-08-01'),
('max_age', 'email', 'email', '', sha256('someone@else.example'), 'x|shopify.order|1',
 'x|shopify.order|2', 'cus_x', 'cus_y', 'not seen for longer than the rule allows', '2025-08-01'),
('fan_out_cap', 'account', 'shopify_customer_id', 'third', sha256('1'), null, null, null, null,
 'shared by too many', '2025-02-14');

create table identity.identity_reviews (
    review_kind varchar, left_customer_id varchar, right_customer_id varchar,
    left_node_key varchar, right_node_key varchar, reason varchar,
    match_probability decimal(9, 6), raised_at timestamp
);
insert into identity.identity_reviews values
('probable_match', 'cus_cleo', 'cus_ann', 'main|shopify.customer|3', 'main|shopify.customer|1',
 'same name and postal code', 0.94, '2025-08-10');

create table staging.stg_ledger__identity_instructions (
    ledger_sequence bigint, kind varchar, left_node_key varchar, right_node_key varchar,
    identifier_type varchar, identifier_scope varchar, identifier_value varchar, reason varchar,
    actor varchar, recorded_at timestamp
);
insert into staging.stg_ledger__identity_instructions values
(1, 'unlink', 'main|shopify.order|501', 'main|shopify.customer|2', null, null, null,
 'the assistant ordered for both', 'dana', '2025-04-01'),
(2, 'block', null, null, 'email', '', 'office@tower.example', 'front desk', 'dana', '2025-04-02');
