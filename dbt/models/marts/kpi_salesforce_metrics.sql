with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

metrics as (
    select
        customer_id,
        account_id,
        {{ kpi_columns('salesforce') }}
    from kpi_values
    group by customer_id, account_id
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        accounts.account_name,
        {{ account_columns('accounts') }},
        {{ kpi_names('salesforce', 'metrics') }},
        accounts.as_of
    from accounts
    inner join metrics
        on
            accounts.customer_id = metrics.customer_id
            and accounts.account_id = metrics.account_id
    where accounts.is_salesforce_account
)

select * from final
