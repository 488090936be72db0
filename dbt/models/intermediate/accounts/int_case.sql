with

cases as (
    select * from {{ ref('stg_salesforce__case') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

latest_cases as (
    {{ latest_salesforce('cases') }}
),

final as (
    select
        latest_cases.customer_id,
        latest_cases.id,
        accounts.account_key,
        latest_cases.created_date,
        latest_cases.satisfaction_rating,
        latest_cases._fivetran_synced as synced_at,
        case
            when not latest_cases.is_live then 'deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
        end as left_out_reason
    from latest_cases
    left join accounts
        on
            latest_cases.customer_id = accounts.customer_id
            and {{ salesforce_key('latest_cases.account_id') }} = accounts.account_key
    where latest_cases.created_date < {{ as_of() }}
)

select * from final
