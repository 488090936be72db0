{% set with_currencies = batch_has_currencies() -%}
{% set currency = currency_code('opportunities.currency_iso_code') -%}
with

opportunities as (
    select * from {{ ref('stg_salesforce__opportunity') }}
),
{%- if with_currencies %}

customers as (
    select * from {{ ref('int_customer') }}
),

rates as (
    select * from {{ ref('int_currency_rate') }}
),
{%- endif %}

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

final as (
    select
        opportunities.customer_id,
        opportunities.landed_id as id,
        accounts.account_key,
        opportunities.close_date,
        opportunities.amount,
        {%- if with_currencies %}
        {{ in_target('opportunities.amount', currency) }} as converted_amount,
        {{ has_rate(currency) }} as has_rate,
        case when not coalesce(own_rates.is_corporate, false) then {{ currency }} end as currency,
        {%- else %}
        opportunities.amount as converted_amount,
        true as has_rate,
        {{ literal(none, 'string') }} as currency,
        {%- endif %}
        lower({{ not_blank('opportunities.opportunity_type') }}) as opportunity_type,
        case
            when not opportunities.is_live then 'deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
            when not coalesce(opportunities.is_won, opportunities.is_won_unreadable is not null) then 'not won'
        end as left_out_reason,
        {{ unreadable_at(
            'opportunities.close_date', 'opportunities.close_date_unreadable',
            ['opportunities.is_won_unreadable', 'opportunities.amount_unreadable', 'opportunities.is_live_unreadable'],
        ) }} as unreadable_reason
    from opportunities
    left join accounts
        on
            opportunities.customer_id = accounts.customer_id
            and {{ salesforce_key('opportunities.account_id') }} = accounts.account_key
    {%- if with_currencies %}
    inner join customers on opportunities.customer_id = customers.customer_id
    {{ rates_at('opportunities', currency, 'opportunities.close_date') }}
    {%- endif %}
    where opportunities.close_date < {{ as_of('opportunities') }} or opportunities.close_date_unreadable is not null
)

select * from final
