with

incidents as (
    select * from {{ ref('stg_servicenow__incident') }}
),

tasks as (
    select * from {{ ref('stg_servicenow__task') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
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
        coalesce(incidents.customer_account_id_key, tasks.customer_account_id_key) as linked_key,
        coalesce(
            {{ not_blank('incidents.company_value') }},
            {{ not_blank('tasks.company_value') }}
        ) as company_value,
        incidents.is_live and coalesce(tasks.is_live, true) as is_live,
        coalesce(incidents._fivetran_synced, tasks._fivetran_synced) as synced_at
    from incidents
    left join tasks
        on
            incidents.customer_id = tasks.customer_id
            and incidents.id_key = tasks.id_key
),

-- What lies at or after as_of has not happened yet.
happened as (
    select
        *,
        case when coalesce(resolved_at, closed_at) < {{ as_of() }} then coalesce(resolved_at, closed_at) end
            as ended_at,
        case when first_responded_at < {{ as_of() }} then first_responded_at end as responded_at,
        coalesce(state_is_cancelled, false) or coalesce(incident_state_is_cancelled, false) as is_cancelled,
        {{ not_blank('parent_incident_value') }} is not null as is_child
    from merged
    where opened_at < {{ as_of() }}
),

linked as (
    select
        happened.*,
        coalesce(happened.linked_key, company_accounts.account_key) as account_key
    from happened
    left join company_accounts
        on
            happened.customer_id = company_accounts.customer_id
            and happened.company_value = company_accounts.company_sys_id
            and happened.linked_id is null
),

final as (
    select
        linked.customer_id,
        linked.sys_id,
        linked.account_key,
        linked.linked_id,
        linked.customer_account_name,
        linked.opened_at,
        linked.responded_at,
        linked.ended_at,
        linked.sla_due,
        linked.made_sla,
        linked.priority,
        linked.escalation,
        linked.category,
        linked.reopen_count,
        linked.reassignment_count,
        linked.satisfaction_rating,
        linked.synced_at,
        linked.is_live,
        accounts.account_key is not null as is_salesforce_account,
        linked.account_key is not null and accounts.left_out_reason is null as is_linked,
        case
            when not linked.is_live then 'deleted'
            when accounts.left_out_reason is not null then accounts.left_out_reason
            when linked.account_key is null then 'no account'
            when linked.is_cancelled then 'cancelled'
            when linked.is_child then 'child'
        end as left_out_reason
    from linked
    left join accounts
        on
            linked.customer_id = accounts.customer_id
            and linked.account_key = accounts.account_key
)

select * from final
