with

customers as (
    select * from {{ ref('int_customer') }}
),

currency_types as (
    select
        customer_id,
        {{ currency_code('iso_code') }} as currency,
        max(case when conversion_rate > 0 then conversion_rate end) as rate,
        max(case when is_corporate then 1 else 0 end) as corporate
    from {{ ref('stg_salesforce__currency_type') }}
    where is_live and {{ not_blank('iso_code') }} is not null
    group by customer_id, {{ currency_code('iso_code') }}
),

dated_rates as (
    select
        customer_id,
        {{ currency_code('iso_code') }} as currency,
        start_date,
        next_start_date,
        conversion_rate as rate
    from {{ ref('stg_salesforce__dated_conversion_rate') }}
    where is_live and {{ not_blank('iso_code') }} is not null and conversion_rate > 0
),

-- A plain union is written differently on BigQuery: repeated rows go in a step of their own.
named_currencies as (
    select
        customer_id,
        currency
    from currency_types
    union all
    select
        customer_id,
        currency
    from dated_rates
),

currencies as (
    select distinct
        customer_id,
        currency
    from named_currencies
),

-- The instants for which a rate is asked: as_of, and if those count, close dates and starts of periods.
asked_days as (
    select
        customer_id,
        {{ as_of('customers') }} as rate_time
    from customers
    union all
    select
        customers.customer_id,
        opportunities.close_date as rate_time
    from {{ ref('stg_salesforce__opportunity') }} as opportunities
    inner join customers
        on
            opportunities.customer_id = customers.customer_id
            and customers.uses_dated_rates
    where opportunities.close_date < {{ as_of('opportunities') }}
    {%- if batch_has('salesforce', 'asset_state_period') %}
    union all
    select
        customers.customer_id,
        periods.start_date as rate_time
    from {{ ref('stg_salesforce__asset_state_period') }} as periods
    inner join customers
        on
            periods.customer_id = customers.customer_id
            and customers.uses_dated_rates
    {%- endif %}
),

days as (
    select distinct
        customer_id,
        rate_time
    from asked_days
),

valid_rates as (
    select
        days.customer_id,
        days.rate_time,
        dated_rates.currency,
        dated_rates.rate,
        row_number() over (
            partition by days.customer_id, days.rate_time, dated_rates.currency
            order by dated_rates.start_date desc, dated_rates.rate desc
        ) as place
    from days
    inner join dated_rates
        on
            days.customer_id = dated_rates.customer_id
            and days.rate_time >= dated_rates.start_date
            and (dated_rates.next_start_date is null or days.rate_time < dated_rates.next_start_date)
),

final as (
    select
        days.customer_id,
        currencies.currency,
        days.rate_time,
        coalesce(currency_types.corporate, 0) = 1 as is_corporate,
        case
            when currency_types.corporate = 1 then {{ exact(1) }}
            else coalesce(valid_rates.rate, currency_types.rate)
        end as rate
    from days
    inner join currencies on days.customer_id = currencies.customer_id
    left join currency_types
        on
            currencies.customer_id = currency_types.customer_id
            and currencies.currency = currency_types.currency
    left join valid_rates
        on
            days.customer_id = valid_rates.customer_id
            and days.rate_time = valid_rates.rate_time
            and currencies.currency = valid_rates.currency
            and valid_rates.place = 1
)

select * from final
