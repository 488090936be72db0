with

links as (
    {{ literal_rows({'customer_id': 'string', 'linked_id': 'string', 'account_id': 'string'}, account_link_rows()) }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

keyed as (
    select
        customer_id,
        {{ salesforce_key('linked_id') }} as linked_key,
        {{ salesforce_key('account_id') }} as account_key
    from links
),

final as (
    select
        keyed.customer_id,
        keyed.linked_key,
        min(keyed.account_key) as account_key
    from keyed
    inner join accounts
        on
            keyed.customer_id = accounts.customer_id
            and keyed.account_key = accounts.account_key
    left join accounts as known
        on
            keyed.customer_id = known.customer_id
            and keyed.linked_key = known.account_key
    where accounts.left_out_reason is null and known.account_key is null
    group by keyed.customer_id, keyed.linked_key
)

select * from final
