with

accounts as (
    select * from {{ ref('int_account') }}
),

sla_sources as (
    select * from {{ ref('int_sla_source') }}
),

final as (
    select
        accounts.*,
        sla_sources.sla_source,
        sla_sources.sla_gap,
        {{ as_of() }} as as_of
    from accounts
    left join sla_sources on accounts.customer_id = sla_sources.customer_id
)

select * from final
