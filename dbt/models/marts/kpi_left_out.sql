with

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

final as (
    select
        measures.customer_id,
        accounts.account_id,
        measures.kpi,
        measures.left_out_reason,
        cast(sum(measures.row_count) as {{ canonical_type('integer') }}) as left_out_count,
        {{ as_of() }} as as_of
    from measures
    left join accounts
        on
            measures.customer_id = accounts.customer_id
            and measures.account_key = accounts.account_key
    where measures.left_out_reason is not null
    group by measures.customer_id, accounts.account_id, measures.kpi, measures.left_out_reason
)

select * from final
