with

accounts as (
    select * from {{ ref('int_salesforce_account') }}
    where left_out_reason is not null
),

final as (
    select
        customer_id,
        account_id,
        account_name,
        account_type,
        case left_out_reason
            when 'account without id' then 'no id'
            when 'account deleted' then 'deleted'
            when 'account inactive' then 'inactive'
            when 'account merged' then 'merged'
            when 'account of another type' then 'type'
            else 'unreadable'
        end as reason,
        {{ as_of() }} as as_of
    from accounts
)

select * from final
