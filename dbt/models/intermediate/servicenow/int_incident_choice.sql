with

choices as (
    select * from {{ ref('stg_servicenow__sys_choice') }}
    where is_live and is_live_unreadable is null
),

customers as (
    select * from {{ ref('int_customer') }}
),

-- Of a code, the label that incidents have, else that of all tasks.
ranked as (
    select
        choices.customer_id,
        lower(trim(choices.element)) as element,
        lower(trim(choices.choice_value)) as code,
        lower(trim(choices.label)) as label,
        row_number() over (
            partition by choices.customer_id, lower(trim(choices.element)), lower(trim(choices.choice_value))
            order by
                case when lower(trim(choices.choice_table)) = 'incident' then 0 else 1 end,
                {{ bytewise('choices.landed_id') }}
        ) as place
    from choices
    inner join customers on choices.customer_id = customers.customer_id
    where
        lower(trim(choices.choice_table)) in ('incident', 'task')
        and lower(trim(choices.element)) in ('state', 'incident_state', 'priority', 'escalation')
        and {{ not_blank('choices.choice_value') }} is not null
        and {{ not_blank('choices.label') }} is not null
        and (lower(trim(choices.language)) = 'en' or not customers.has_choice_language)
),

read as (
    select
        customer_id,
        element,
        code,
        label,
        label in ('canceled', 'cancelled') as is_cancelled,
        {{ leading_digits('label') }} as label_number,
        {{ leading_digits('code') }} as code_number
    from ranked
    where place = 1
),

-- Only what the code does not say by itself: if nobody customised anything, that is nothing.
final as (
    select
        customer_id,
        element,
        code as landed,
        is_cancelled,
        {{ literal(none, 'integer') }} as choice_number
    from read
    where
        element in ('state', 'incident_state')
        and is_cancelled <> coalesce(code_number = 8 or code in ('canceled', 'cancelled'), false)

    union all

    select
        customer_id,
        element,
        code as landed,
        {{ literal(none, 'boolean') }} as is_cancelled,
        label_number as choice_number
    from read
    where element = 'priority' and label_number <> coalesce(code_number, -1)

    union all

    -- A label that landed in place of its code.
    select
        customer_id,
        element,
        label as landed,
        {{ literal(none, 'boolean') }} as is_cancelled,
        min(code_number) as choice_number
    from read
    where element in ('priority', 'escalation') and label_number is null and code_number is not null
    group by customer_id, element, label
)

select * from final
