{{ config(severity='warn') }}
-- Rates that are none, and dated rates of one currency that hold at the same time.
{%- do ref('kpi_accounts') %}
{%- if batch_has_currencies() %}
with

dated_rates as (
    select
        customer_id,
        landed_id,
        id_key,
        {{ currency_code('iso_code') }} as currency,
        start_date,
        next_start_date,
        conversion_rate
    from {{ ref('stg_salesforce__dated_conversion_rate') }}
    where is_live
),

currency_types as (
    select
        customer_id,
        {{ currency_code('iso_code') }} as currency,
        conversion_rate
    from {{ ref('stg_salesforce__currency_type') }}
    where is_live and not coalesce(is_corporate, false)
),

found as (
    select
        customer_id,
        'salesforce.dated_conversion_rate' as source_table,
        'conversion_rate' as column_name,
        currency as example_value,
        'is not above 0, and is no rate' as broken_rule
    from dated_rates
    where conversion_rate <= 0

    union all

    select
        customer_id,
        'salesforce.currency_type' as source_table,
        'conversion_rate' as column_name,
        currency as example_value,
        'is not above 0, and is no rate' as broken_rule
    from currency_types
    where conversion_rate <= 0

    union all

    select
        earlier.customer_id,
        'salesforce.dated_conversion_rate' as source_table,
        'start_date' as column_name,
        earlier.currency || ', ' || earlier.landed_id as example_value,
        'holds while a rate that starts later does; that one counts' as broken_rule
    from dated_rates as earlier
    inner join dated_rates as later
        on
            earlier.customer_id = later.customer_id
            and earlier.currency = later.currency
            and earlier.id_key <> later.id_key
            and earlier.start_date <= later.start_date
            and (earlier.next_start_date is null or earlier.next_start_date > later.start_date)
    where
        earlier.conversion_rate > 0
        and later.conversion_rate > 0
        and (later.next_start_date is null or later.next_start_date > later.start_date)
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
