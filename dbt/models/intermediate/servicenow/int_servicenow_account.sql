with

tickets as (
    {{ of_batch(ref('servicenow_tickets')) }}
),

seen as (
    select
        customer_id,
        account_key,
        is_salesforce_account,
        cast(sum(case when is_counting then incidents else 0 end) as {{ canonical_type('integer') }})
            as counting_incidents,
        max(case when is_counting then synced_at end) as synced_at
    from tickets
    where is_linked
    group by customer_id, account_key, is_salesforce_account
),

ids as (
    select
        customer_id,
        account_key,
        linked_id as account_id,
        row_number() over (
            partition by customer_id, account_key
            order by length(linked_id) desc, {{ bytewise('linked_id') }} desc
        ) as place
    from tickets
    where is_linked and not is_salesforce_account
),

names as (
    select
        customer_id,
        account_key,
        newest_name as account_name,
        row_number() over (
            partition by customer_id, account_key
            order by newest_named_at desc, {{ bytewise('newest_named_sys_id') }} desc
        ) as place
    from tickets
    where is_linked and not is_salesforce_account and newest_name is not null
),

final as (
    select
        seen.customer_id,
        seen.account_key,
        ids.account_id,
        names.account_name,
        seen.counting_incidents,
        seen.synced_at,
        seen.is_salesforce_account
    from seen
    left join ids
        on
            seen.customer_id = ids.customer_id
            and seen.account_key = ids.account_key
            and ids.place = 1
    left join names
        on
            seen.customer_id = names.customer_id
            and seen.account_key = names.account_key
            and names.place = 1
)

select * from final
