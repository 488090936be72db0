with

events as (
    select * from {{ ref('int_case_rating') }}
    union all
    select * from {{ ref('int_executive_touch') }}
    union all
    select * from {{ ref('int_won_amount') }}
    union all
    select * from {{ ref('int_incident_event') }}
),

final as (
    select
        *,
        {{ literal(none, 'string') }} as sla_source
    from events

    union all

    select * from {{ ref('int_sla_event') }}
)

select * from final
