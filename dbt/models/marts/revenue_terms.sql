{%- if not batch_has_ledger() -%}
{{ literal_rows(revenue_term_columns(), []) }}
{%- else -%}
{% set with_currencies = batch_has_currencies() -%}
{% set currency = 'dated.currency' -%}
{% set start_unreadable = first_there_unreadable(['opportunities.opportunity_start_date', 'contracts.start_date']) -%}
{% set end_unreadable = first_there_unreadable(['opportunities.opportunity_end_date', 'contracts.end_date']) -%}
{% set term_columns = ['opportunities.opportunity_term_months', 'contracts.contract_term'] -%}
{% set term_unreadable = first_there_unreadable(term_columns) -%}
{% set day = "cast(cast(start_date as date) as " ~ canonical_type('string') ~ ")" -%}
with

customers as (
    select
        customers.*,
        bases.revenue_basis
    from {{ ref('int_customer') }} as customers
    inner join {{ ref('int_revenue_basis') }} as bases on customers.customer_id = bases.customer_id
),

masters as (
    select * from {{ ref('int_account_master') }}
),
{%- if with_currencies %}

rates as (
    select * from {{ ref('int_currency_rate') }}
),
{%- endif %}

opportunities as (
    select
        opportunities.*,
        {{ salesforce_key(not_blank('opportunities.account_id')) }} as linked_key,
        {{ salesforce_key(not_blank('opportunities.contract_id')) }} as contract_key,
        {{ salesforce_key(not_blank('opportunities.opportunity_renewed_contract')) }} as renewed_key,
        coalesce(recurring_types.kind, 'one_off') as kind,
        customers.default_term_months as default_months
    from {{ ref('stg_salesforce__opportunity') }} as opportunities
    inner join customers
        on
            opportunities.customer_id = customers.customer_id
            and customers.revenue_basis = 'contract_terms'
    left join {{ ref('int_recurring_type') }} as recurring_types
        on
            opportunities.customer_id = recurring_types.customer_id
            and lower({{ not_blank('opportunities.opportunity_type') }}) = recurring_types.opportunity_type
    where
        opportunities.is_live
        and coalesce(opportunities.is_won, opportunities.is_won_unreadable is not null)
        and (opportunities.close_date < {{ as_of('opportunities') }} or opportunities.close_date is null)
),

contracts as (
    select * from {{ ref('stg_salesforce__contract') }}
    where is_live
),

items as (
    select * from {{ ref('int_opportunity_items') }}
),

-- What the opportunity says itself wins over its contract; a term that is no whole number from 1 to 120 is none.
opportunity_terms as (
    select
        opportunities.customer_id,
        opportunities.linked_key,
        opportunities.landed_id as line_id,
        opportunities.id_key as line_key,
        opportunities.kind,
        opportunities.close_date,
        coalesce(opportunities.opportunity_start_date, contracts.start_date) as given_start,
        {{ days_after('coalesce(opportunities.opportunity_end_date, contracts.end_date)', 1) }} as given_end,
        coalesce(opportunities.opportunity_term_months, contracts.contract_term) as given_term,
        opportunities.default_months,
        opportunities.contract_key,
        opportunities.renewed_key,
        case
            when opportunities.kind = 'one_off' or items.opportunity_key is null then opportunities.amount
            else items.recurring_amount
        end as amount,
        opportunities.opportunity_arr as own_arr,
        {{ currency_code('opportunities.currency_iso_code') }} as currency,
        coalesce(
            opportunities.close_date_unreadable,
            opportunities.is_won_unreadable,
            opportunities.is_live_unreadable,
            case
                when opportunities.kind = 'one_off' or items.opportunity_key is null
                    then opportunities.amount_unreadable
                else items.unreadable_reason
            end,
            case when opportunities.kind <> 'one_off' then opportunities.opportunity_arr_unreadable end,
            case when opportunities.kind <> 'one_off' then {{ start_unreadable }} end,
            case when opportunities.kind <> 'one_off' then {{ end_unreadable }} end,
            case when opportunities.kind <> 'one_off' then {{ term_unreadable }} end
        ) as unreadable_reason
    from opportunities
    left join contracts
        on
            opportunities.customer_id = contracts.customer_id
            and opportunities.contract_key = contracts.id_key
    left join items
        on
            opportunities.customer_id = items.customer_id
            and opportunities.id_key = items.opportunity_key
),

periods as (
    select
        periods.customer_id,
        {{ salesforce_key(not_blank('assets.account_id')) }} as linked_key,
        {{ salesforce_key(not_blank('periods.asset_id')) }} as asset_key,
        periods.asset_id,
        periods.landed_id,
        periods.id_key,
        periods.start_date,
        periods.end_date,
        periods.mrr,
        {{ currency_code('periods.currency_iso_code') }} as currency,
        coalesce(
            periods.start_date_unreadable,
            periods.end_date_unreadable,
            periods.mrr_unreadable,
            periods.is_live_unreadable
        ) as unreadable_reason,
        customers.default_term_months as default_months
    from {{ ref('stg_salesforce__asset_state_period') }} as periods
    inner join customers
        on
            periods.customer_id = customers.customer_id
            and customers.revenue_basis = 'asset_periods'
    left join {{ ref('stg_salesforce__asset') }} as assets
        on
            periods.customer_id = assets.customer_id
            and {{ salesforce_key(not_blank('periods.asset_id')) }} = assets.id_key
            and assets.is_live
    where periods.is_live
),

looked_at as (
    select
        customer_id,
        linked_key,
        'salesforce.opportunity' as source_table,
        line_id,
        line_key,
        kind,
        close_date,
        given_start,
        given_end,
        given_term,
        default_months,
        contract_key,
        renewed_key,
        amount,
        own_arr,
        currency,
        unreadable_reason
    from opportunity_terms

    union all

    select
        customer_id,
        linked_key,
        'salesforce.asset_state_period' as source_table,
        coalesce(landed_id, asset_id || ' ' || {{ day }}) as line_id,
        coalesce(
            id_key,
            coalesce(asset_key, '') || ' ' || cast(
                row_number() over (
                    partition by customer_id, asset_key, case when id_key is null then 1 else 0 end
                    order by start_date, end_date, mrr
                ) as {{ canonical_type('string') }}
            )
        ) as line_key,
        'asset_period' as kind,
        start_date as close_date,
        start_date as given_start,
        end_date as given_end,
        cast(null as {{ canonical_type('exact') }}) as given_term,
        default_months,
        asset_key as contract_key,
        {{ literal(none, 'string') }} as renewed_key,
        cast(null as {{ canonical_type('exact') }}) as amount,
        {{ exact('12 * mrr') }} as own_arr,
        currency,
        unreadable_reason
    from periods
),

-- An expansion that says nothing of its end goes with the account's other lines; a renewal that says nothing of its
-- start may begin when they end.
dated as (
    select
        looked_at.*,
        masters.account_key,
        masters.account_id,
        coalesce(looked_at.given_start, looked_at.close_date) as start_date,
        case
            when
                looked_at.given_term between 1 and 120 and looked_at.given_term = floor(looked_at.given_term)
                then cast(looked_at.given_term as {{ canonical_type('integer') }})
            else looked_at.default_months
        end as term_months,
        looked_at.kind = 'expansion' and looked_at.given_end is null and looked_at.given_term is null as is_add_on,
        looked_at.kind = 'renewal' and looked_at.given_start is null as may_follow,
        case
            when masters.account_key is null then 'no account'
            when looked_at.unreadable_reason is not null then null
            when looked_at.kind <> 'asset_period' and looked_at.close_date is null then 'no close date'
            when looked_at.kind = 'one_off' and looked_at.amount is null then 'no amount'
            when looked_at.kind <> 'asset_period' then null
            when looked_at.own_arr is null then 'no price'
            when looked_at.given_start is null then 'no start'
            when looked_at.given_end <= looked_at.given_start then 'end before start'
        end as dropped_reason
    from looked_at
    left join masters
        on
            looked_at.customer_id = masters.customer_id
            and looked_at.linked_key = masters.id_key
),

converted as (
    select
        dated.*,
        {%- if with_currencies %}
        {{ in_target('dated.amount', currency) }} as converted_amount,
        {{ in_target('dated.own_arr', currency) }} as converted_arr,
        {{ has_rate(currency) }} as has_rate,
        case when {{ currency }} is null or own_rates.is_corporate then '' else {{ currency }} end as currency_key,
        {%- else %}
        dated.amount as converted_amount,
        dated.own_arr as converted_arr,
        true as has_rate,
        '' as currency_key,
        {%- endif %}
        customers.grace_days
    from dated
    inner join customers on dated.customer_id = customers.customer_id
    {%- if with_currencies %}
    {{ rates_at('dated', currency, 'dated.close_date') }}
    {%- endif %}
),

timed as (
    select
        converted.*,
        {{ months_of_term('converted', 'converted.start_date') }} as months
    from converted
),

ended as (
    select
        timed.*,
        case
            when timed.kind = 'asset_period' then timed.given_end
            else {{ end_of_term('timed', 'timed.start_date', 'timed.months') }}
        end as end_date,
        case
            when timed.may_follow and timed.dropped_reason is null and timed.unreadable_reason is null then 1
            else 0
        end as follows
    from timed
),

final as (
    select
        customer_id,
        account_key,
        account_id,
        source_table,
        line_id,
        line_key,
        kind,
        close_date,
        start_date,
        end_date,
        months,
        given_end,
        given_term,
        term_months,
        default_months,
        grace_days,
        contract_key,
        renewed_key,
        is_add_on,
        may_follow,
        cast(
            case
                when follows = 1
                    then dense_rank() over (partition by customer_id, account_key, follows order by close_date)
                else 0
            end as {{ canonical_type('integer') }}
        ) as renewal_place,
        {{ exact('amount') }} as amount,
        {{ exact('own_arr') }} as own_arr,
        case when has_rate then {{ exact('converted_amount') }} end as converted_amount,
        case when has_rate then {{ exact('converted_arr') }} end as converted_arr,
        has_rate,
        currency,
        currency_key,
        unreadable_reason,
        dropped_reason,
        {{ as_of() }} as as_of
    from ended
)

select * from final
{%- endif %}
