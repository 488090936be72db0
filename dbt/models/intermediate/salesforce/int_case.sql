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
        cases.satisfaction_rating is not null or cases.satisfaction_rating_unreadable is not null as is_rated,
        {{ unreadable_at(
            'cases.created_date', 'cases.created_date_unreadable',
            ['cases.satisfaction_rating_unreadable', 'cases.is_live_unreadable'],
        ) }} as unreadable_reason,
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
    where cases.created_date < {{ as_of('cases') }} or cases.created_date_unreadable is not null
)

select * from final
