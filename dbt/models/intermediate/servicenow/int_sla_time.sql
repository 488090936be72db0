with

task_slas as (
    select * from {{ ref('int_task_sla') }}
    where left_out_reason is null and completed_at is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, incident_sys_id
            order by start_time desc nulls last, {{ bytewise('sys_id') }} desc
        ) as place
    from task_slas
),

final as (
    select
        customer_id,
        incident_sys_id,
        business_microseconds as sla_microseconds,
        time_unreadable as unreadable_reason
    from ranked
    where place = 1
)

select * from final
