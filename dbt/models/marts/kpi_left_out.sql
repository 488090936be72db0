with

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

sla_sources as (
    select * from {{ ref('int_sla_source') }}
),

time_bases as (
    select * from {{ ref('int_time_basis') }}
),

final as (
    select
        measures.customer_id,
        accounts.account_id,
        measures.kpi,
        measures.left_out_reason,
        cast(sum(measures.row_count) as {{ canonical_type('integer') }}) as left_out_count,
        {{ as_of('measures') }} as as_of
    from measures
    inner join sla_sources on measures.customer_id = sla_sources.customer_id
    inner join time_bases
        on
            measures.customer_id = time_bases.customer_id
            and (
                measures.basis is null
                or measures.basis = sla_sources.sla_source
                or measures.basis = time_bases.time_basis
            )
    left join accounts
        on
            measures.customer_id = accounts.customer_id
            and measures.account_key = accounts.account_key
    where measures.left_out_reason is not null
    group by measures.customer_id, accounts.account_id, measures.kpi, measures.left_out_reason
)

select * from final
