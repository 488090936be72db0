{{ config(severity='warn') }}
-- Accounts that are merged in a circle or into nothing, and contracts that renew each other in a circle.
{%- do ref('recurring_revenue_lines') %}
{%- set doublings = 5 %}
{%- if batch_has_ledger() %}
with

accounts as (
    select * from {{ ref('stg_salesforce__account') }}
    where id_key is not null and {{ not_blank('master_record_id') }} is not null
),

masters as (
    select * from {{ ref('int_account_master') }}
),

terms as (
    {{ of_batch(ref('revenue_terms')) }}
),

renewed_0 as (
    select distinct
        customer_id,
        contract_key,
        renewed_key
    from terms
    where contract_key <> renewed_key
),

-- After n doublings: the contract that was renewed 2^n renewals before.
{%- for n in range(doublings) %}
renewed_{{ n + 1 }} as (
    select distinct
        nearer.customer_id,
        nearer.contract_key,
        farther.renewed_key
    from renewed_{{ n }} as nearer
    inner join renewed_{{ n }} as farther
        on
            nearer.customer_id = farther.customer_id
            and nearer.renewed_key = farther.contract_key
),
{%- endfor %}

found as (
    select
        accounts.customer_id,
        'salesforce.account' as source_table,
        'master_record_id' as column_name,
        accounts.landed_id as example_value,
        'is merged in a circle or into no account, and its revenue is nobody''s' as broken_rule
    from accounts
    left join masters
        on
            accounts.customer_id = masters.customer_id
            and accounts.id_key = masters.id_key
    where masters.id_key is null

    union all

    select
        customer_id,
        'salesforce.opportunity' as source_table,
        'contract_id' as column_name,
        contract_key as example_value,
        'renews a contract that renews it in turn' as broken_rule
    from renewed_{{ doublings }}
)

select
    customer_id,
    source_table,
    column_name,
    min(example_value) as example_value,
    cast(count(distinct example_value) as {{ canonical_type('integer') }}) as row_count,
    broken_rule
from found
group by customer_id, source_table, column_name, broken_rule
{%- else %}
{{ literal_rows({'customer_id': 'string'}, []) }}
{%- endif %}
