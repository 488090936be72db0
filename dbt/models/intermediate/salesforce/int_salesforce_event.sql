with

events as (
    select * from {{ ref('int_case_rating') }}
    union all
    select * from {{ ref('int_executive_touch') }}
    union all
    select * from {{ ref('int_won_amount') }}
),

final as (
    select
        *,
        {{ literal(none, 'string') }} as basis
    from events
)

select * from final
