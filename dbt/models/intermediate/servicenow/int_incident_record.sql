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
        coalesce(incidents.opened_at, tasks.opened_at) as opened_at,
        coalesce(incidents.resolved_at, tasks.resolved_at) as resolved_at,
        coalesce(incidents.closed_at, tasks.closed_at) as closed_at,
        coalesce(incidents.state_is_cancelled, tasks.state_is_cancelled) as state_is_cancelled,
        coalesce(incidents.priority, tasks.priority) as priority,
        coalesce(incidents.escalation, tasks.escalation) as escalation,
        coalesce(incidents.category, tasks.category) as category,
        coalesce(incidents.reopen_count, tasks.reopen_count) as reopen_count,
        coalesce(incidents.reassignment_count, tasks.reassignment_count) as reassignment_count,
        coalesce(incidents.sla_due, tasks.sla_due) as sla_due,
        coalesce(incidents.made_sla, tasks.made_sla) as made_sla,
        coalesce(incidents.parent_incident_value, tasks.parent_incident_value) as parent_incident_value,
        coalesce(incidents.customer_account_name, tasks.customer_account_name) as customer_account_name,
        coalesce(incidents.first_responded_at, tasks.first_responded_at) as first_responded_at,
        coalesce(incidents.satisfaction_rating, tasks.satisfaction_rating) as satisfaction_rating,
        coalesce(incidents.incident_state_is_cancelled, tasks.incident_state_is_cancelled)
            as incident_state_is_cancelled,
        coalesce(incidents.customer_account_id, tasks.customer_account_id) as linked_id,
        coalesce({{ not_blank('incidents.company_value') }}, tasks.company_value) as company_value,
        incidents.is_live and coalesce(tasks.is_live, true) as is_live,
        coalesce(incidents._fivetran_synced, tasks._fivetran_synced) as synced_at
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
        landed_id as sys_id,
        customer_account_id as linked_id,
        _fivetran_synced as synced_at
    from incidents
),
{%- endif %}

-- What lies at or after as_of has not happened yet.
final as (
    select
        customer_id,
        sys_id,
        linked_id,
        case when linked_id is null then {{ not_blank('company_value') }} end as company_value,
        customer_account_name,
        opened_at,
        case when first_responded_at < {{ as_of() }} then first_responded_at end as responded_at,
        case when coalesce(resolved_at, closed_at) < {{ as_of() }} then coalesce(resolved_at, closed_at) end
            as ended_at,
        sla_due,
        made_sla,
        priority,
        escalation,
        category,
        reopen_count,
        reassignment_count,
        satisfaction_rating,
        synced_at,
        is_live,
        coalesce(state_is_cancelled, false) or coalesce(incident_state_is_cancelled, false) as is_cancelled,
        {{ not_blank('parent_incident_value') }} is not null as is_child
    from merged
    where opened_at < {{ as_of() }}
)

select * from final
