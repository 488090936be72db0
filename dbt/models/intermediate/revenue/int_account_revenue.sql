with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

final as (
    select
        customer_id,
        account_key,
        {{ literal(none, 'float') }} as arr,
        {{ literal(none, 'float') }} as arr_in_grace,
        {{ literal(none, 'date') }} as next_renewal_date,
        {{ literal(none, 'string') }} as arr_currency
    from accounts
    where is_salesforce_account
)

select * from final
