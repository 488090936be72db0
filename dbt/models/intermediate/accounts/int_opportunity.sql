with

opportunities as (
    select * from {{ ref('stg_salesforce__opportunity') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

latest_opportunities as (
    {{ latest_salesforce('opportunities') }}
),

final as (
    select
        latest_opportunities.customer_id,
        latest_opportunities.id,
        accounts.account_key,
        latest_opportunities.close_date,
        latest_opportunities.amount,
        latest_opportunities._fivetran_synced as synced_at,
        lower(latest_opportunities.type) as opportunity_type,
        case
            when not latest_opportunities.is_live then 'deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
            when not coalesce(latest_opportunities.is_won, false) then 'not won'
        end as left_out_reason
    from latest_opportunities
    left join accounts
        on
            latest_opportunities.customer_id = accounts.customer_id
            and {{ salesforce_key('latest_opportunities.account_id') }} = accounts.account_key
    where latest_opportunities.close_date < {{ as_of() }}
)

select * from final
