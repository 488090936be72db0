with

incidents as (
    select * from {{ ref('int_incident') }}
    where is_live and is_linked
),

-- An id has a few landed forms at most.
forms as (
    select
        customer_id,
        account_key,
        linked_id,
        is_salesforce_account,
        count(case when left_out_reason is null then 1 end) as counting_incidents,
        max(case when left_out_reason is null then synced_at end) as synced_at
    from incidents
    group by customer_id, account_key, linked_id, is_salesforce_account
),

seen as (
    select
        customer_id,
        account_key,
        is_salesforce_account,
        cast(sum(counting_incidents) as {{ canonical_type('integer') }}) as counting_incidents,
        max(synced_at) as synced_at
    from forms
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
    from forms
    where not is_salesforce_account
),

names as (
    select
        customer_id,
        account_key,
        customer_account_name as account_name,
        row_number() over (
            partition by customer_id, account_key
            order by opened_at desc, {{ bytewise('sys_id') }} desc
        ) as place
    from incidents
    where not is_salesforce_account and {{ not_blank('customer_account_name') }} is not null
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
