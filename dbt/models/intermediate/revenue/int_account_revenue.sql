with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

-- Open renewals, whose close date is when the next one is due.
open_renewals as (
    select
        opportunities.customer_id,
        {{ salesforce_key(not_blank('opportunities.account_id')) }} as account_key,
        min(opportunities.close_date) as next_renewal
    from {{ ref('stg_salesforce__opportunity') }} as opportunities
    inner join {{ ref('int_recurring_type') }} as recurring_types
        on
            opportunities.customer_id = recurring_types.customer_id
            and lower({{ not_blank('opportunities.opportunity_type') }}) = recurring_types.opportunity_type
            and recurring_types.kind = 'renewal'
    where
        opportunities.is_live
        and not coalesce(opportunities.is_won, false)
        and not coalesce(opportunities.is_closed, false)
        and opportunities.close_date
        >= cast(cast({{ as_of('opportunities') }} as date) as {{ canonical_type('timestamp') }})
    group by opportunities.customer_id, {{ salesforce_key(not_blank('opportunities.account_id')) }}
),

currencies as (
    select
        customer_id,
        min({{ currency_code('iso_code') }}) as corporate_currency
    from {{ ref('stg_salesforce__currency_type') }}
    where is_live and is_corporate
    group by customer_id
),

ledger_accounts as (
    select * from {{ ref('int_account_arr') }}
),

known as (
    select
        accounts.customer_id,
        accounts.account_key,
        accounts.revenue_basis,
        customers.converts_money,
        customers.target_currency,
        case accounts.revenue_basis
            when 'asset_periods' then customers.has_asset_periods
            when 'contract_terms' then customers.has_opportunities
            else false
        end as shows_arr
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    where accounts.is_salesforce_account
),

final as (
    select
        known.customer_id,
        known.account_key,
        cast(
            case
                when not known.shows_arr then null
                when ledger.account_key is null then 0
                when ledger.is_known then ledger.arr
            end as {{ canonical_type('float') }}
        ) as arr,
        cast(
            case
                when not known.shows_arr then null
                when ledger.account_key is null then 0
                when ledger.is_known then ledger.arr_in_grace
            end as {{ canonical_type('float') }}
        ) as arr_in_grace,
        cast(
            case
                when known.revenue_basis = 'bookings' then open_renewals.next_renewal
                else ledger.next_end
            end as date
        ) as next_renewal_date,
        case
            when not known.shows_arr or not coalesce(ledger.is_known, true) then null
            when known.converts_money then coalesce(known.target_currency, currencies.corporate_currency)
            when ledger.active_lines > 0
                then coalesce(nullif(ledger.currency_key, ''), currencies.corporate_currency)
        end as arr_currency
    from known
    left join currencies on known.customer_id = currencies.customer_id
    left join open_renewals
        on
            known.customer_id = open_renewals.customer_id
            and known.account_key = open_renewals.account_key
    left join ledger_accounts as ledger
        on
            known.customer_id = ledger.customer_id
            and known.account_key = ledger.account_key
)

select * from final
