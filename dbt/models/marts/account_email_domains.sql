with

contacts as (
    select * from {{ ref('stg_salesforce__contact') }}
    where is_live
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
    where left_out_reason is null
),

addresses as (
    select
        contacts.customer_id,
        accounts.account_id,
        {{ address_domain('contacts.email') }} as email_domain
    from contacts
    inner join accounts
        on
            contacts.customer_id = accounts.customer_id
            and {{ salesforce_key('contacts.account_id') }} = accounts.account_key
),

final as (
    select
        customer_id,
        account_id,
        email_domain,
        cast(count(*) as {{ canonical_type('integer') }}) as contact_count,
        {{ as_of() }} as as_of
    from addresses
    where email_domain is not null
    group by customer_id, account_id, email_domain
)

select * from final
