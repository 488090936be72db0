with

companies as (
    select * from {{ ref('stg_servicenow__core_company') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
    where left_out_reason is null
),

-- A name that two accounts have links none.
account_names as (
    select
        customer_id,
        normalised_name,
        min(account_key) as account_key
    from accounts
    where normalised_name is not null
    group by customer_id, normalised_name
    having count(*) = 1
),

final as (
    select
        companies.customer_id,
        companies.id_key as company_sys_id,
        account_names.account_key
    from companies
    inner join account_names
        on
            companies.customer_id = account_names.customer_id
            and {{ normalised_name('companies.name') }} = account_names.normalised_name
    where companies.is_live
)

select * from final
