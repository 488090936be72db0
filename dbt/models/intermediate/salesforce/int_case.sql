with

cases as (
    select * from {{ ref('stg_salesforce__case') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

final as (
    select
        cases.customer_id,
        cases.landed_id as id,
        accounts.account_key,
        cases.created_date,
        cases.satisfaction_rating,
        case
            when not cases.is_live then 'deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
        end as left_out_reason
    from cases
    left join accounts
        on
            cases.customer_id = accounts.customer_id
            and {{ salesforce_key('cases.account_id') }} = accounts.account_key
    where cases.created_date < {{ as_of() }}
)

select * from final
