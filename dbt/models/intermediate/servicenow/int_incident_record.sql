{%- set merged_columns = [
    'opened_at', 'resolved_at', 'closed_at', 'priority', 'escalation', 'reopen_count', 'reassignment_count', 'sla_due',
    'made_sla', 'first_responded_at', 'satisfaction_rating', 'customer_account_id', 'business_stc', 'reopened_time',
] -%}
with

incidents as (
    select * from {{ ref('stg_servicenow__incident') }}
),
{%- if batch_has('servicenow', 'task') %}

tasks as (
    select * from {{ ref('stg_servicenow__task') }}
),

-- The two class tables are one record; a flat incident simply has no task beside it.
merged as (
    select
        incidents.customer_id,
        incidents.landed_id as sys_id,
        {%- for column in merged_columns %}
        coalesce(
            incidents.{{ column }},
            case when incidents.{{ column }}_unreadable is null then tasks.{{ column }} end
        ) as {{ column }},
        coalesce(
            incidents.{{ column }}_unreadable,
            case when incidents.{{ column }} is null then tasks.{{ column }}_unreadable end
        ) as {{ column }}_unreadable,
        {%- endfor %}
        {%- for column in ['state_code', 'incident_state_code', 'priority_code', 'escalation_code'] %}
        coalesce(incidents.{{ column }}, tasks.{{ column }}) as {{ column }},
        {%- endfor %}
        coalesce(incidents.state, tasks.state) as state,
        coalesce(incidents.incident_state, tasks.incident_state) as incident_state,
        coalesce(incidents.category, tasks.category) as category,
        coalesce({{ not_blank('incidents.parent_incident_value') }}, tasks.parent_incident_value)
            as parent_incident_value,
        coalesce(incidents.customer_account_name, tasks.customer_account_name) as customer_account_name,
        coalesce({{ not_blank('incidents.company_value') }}, tasks.company_value) as company_value,
        incidents.is_live and coalesce(tasks.is_live, true) as is_live,
        coalesce(incidents.is_live_unreadable, tasks.is_live_unreadable) as is_live_unreadable,
        coalesce(incidents._fivetran_synced, tasks._fivetran_synced) as _fivetran_synced
    from incidents
    left join tasks
        on
            incidents.customer_id = tasks.customer_id
            and incidents.id_key = tasks.id_key
),
{%- else %}

merged as (
    select
        *,
        landed_id as sys_id
    from incidents
),
{%- endif %}

-- What a label in sys_choice says of a code.
chosen as (
    {%- if batch_has('servicenow', 'sys_choice') %}
    select
        merged.*,
        states.is_cancelled as state_label_is_cancelled,
        incident_states.is_cancelled as incident_state_label_is_cancelled,
        priorities.choice_number as priority_by_label,
        escalations.choice_number as escalation_by_label
    from merged
    left join {{ ref('int_incident_choice') }} as states
        on
            merged.customer_id = states.customer_id
            and merged.state_code = states.landed
            and states.element = 'state'
    left join {{ ref('int_incident_choice') }} as incident_states
        on
            merged.customer_id = incident_states.customer_id
            and merged.incident_state_code = incident_states.landed
            and incident_states.element = 'incident_state'
    left join {{ ref('int_incident_choice') }} as priorities
        on
            merged.customer_id = priorities.customer_id
            and merged.priority_code = priorities.landed
            and priorities.element = 'priority'
    left join {{ ref('int_incident_choice') }} as escalations
        on
            merged.customer_id = escalations.customer_id
            and merged.escalation_code = escalations.landed
            and escalations.element = 'escalation'
    {%- else %}
    select
        *,
        {{ literal(none, 'boolean') }} as state_label_is_cancelled,
        {{ literal(none, 'boolean') }} as incident_state_label_is_cancelled,
        {{ literal(none, 'integer') }} as priority_by_label,
        {{ literal(none, 'integer') }} as escalation_by_label
    from merged
    {%- endif %}
),

resolved as (
    select
        chosen.*,
        customers.child_incidents,
        customers.reopened = 'open_again' as opens_again,
        {{ first_there(['resolved_at', 'closed_at']) }} as resolution,
        {{ first_there_unreadable(['resolved_at', 'closed_at']) }} as resolution_unreadable
    from chosen
    inner join {{ ref('int_customer') }} as customers on chosen.customer_id = customers.customer_id
),

-- A resolution that a later reopening took back; without its time, one that the state contradicts: new, in progress or
-- on hold.
reopened as (
    select
        *,
        opens_again
        and case
            when reopened_time_unreadable is not null then false
            when reopened_time is not null
                then coalesce(reopened_time >= resolution, false) and reopened_time < {{ as_of() }}
            else coalesce(coalesce(state, incident_state) in (1, 2, 3), false)
        end as is_open_again
    from resolved
),

-- What lies at or after as_of has not happened yet.
final as (
    select
        customer_id,
        sys_id,
        customer_account_id as linked_id,
        customer_account_id_unreadable as link_unreadable,
        case
            when customer_account_id is null and customer_account_id_unreadable is null
                then {{ not_blank('company_value') }}
        end as company_value,
        customer_account_name,
        opened_at,
        opened_at_unreadable,
        case when first_responded_at < {{ as_of() }} then first_responded_at end as responded_at,
        first_responded_at_unreadable as responded_at_unreadable,
        case
            when opens_again and (is_open_again or reopened_time_unreadable is not null) then null
            when resolution < {{ as_of() }} then resolution
        end as ended_at,
        case
            when resolution_unreadable is not null and not is_open_again then resolution_unreadable
            when resolution < {{ as_of() }} and opens_again then reopened_time_unreadable
        end as ended_at_unreadable,
        case when opens_again and reopened_time < {{ as_of() }} then reopened_time end as reopened_at,
        case when resolution < {{ as_of() }} and is_open_again and reopened_time is null then resolution end
            as taken_back_at,
        case
            when opens_again then coalesce(reopened_time_unreadable, resolution_unreadable)
            else resolution_unreadable
        end as reopening_time_unreadable,
        business_stc,
        business_stc_unreadable,
        sla_due,
        sla_due_unreadable,
        made_sla,
        made_sla_unreadable,
        coalesce(priority_by_label, priority) as priority,
        case when priority_by_label is null then priority_unreadable end as priority_unreadable,
        priority_code,
        coalesce(escalation_by_label, escalation) as escalation,
        case when escalation_by_label is null then escalation_unreadable end as escalation_unreadable,
        escalation_code,
        category,
        reopen_count,
        reopen_count_unreadable,
        reassignment_count,
        satisfaction_rating,
        satisfaction_rating_unreadable,
        _fivetran_synced as synced_at,
        is_live,
        is_live_unreadable,
        coalesce(state_label_is_cancelled, state = 8, false)
        or coalesce(incident_state_label_is_cancelled, incident_state = 8, false) as is_cancelled,
        {{ not_blank('parent_incident_value') }} as parent_sys_id,
        child_incidents
    from reopened
    -- One whose opening cannot be read exists.
    where opened_at < {{ as_of() }} or opened_at_unreadable is not null
)

select * from final
