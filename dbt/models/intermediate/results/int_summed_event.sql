with

events as (
    {%- for model in summed_models() %}
    select * from {{ ref(model) }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        *,
        {{ literal(none, 'string') }} as basis
    from events
)

select * from final
