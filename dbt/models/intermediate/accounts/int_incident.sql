{%- set wins = ['opened_at', 'resolved_at', 'closed_at', 'state', 'incident_state', 'priority', 'escalation', 'category',
    'reopen_count', 'reassignment_count', 'sla_due', 'made_sla', 'parent_incident_value',
    'customer_account_name', 'first_responded_at', 'satisfaction_rating'] -%}
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

latest_incidents as (
    {{ latest('incidents', 'sys_id', 'sys_id') }}
),

latest_tasks as (
    {{ latest('tasks', 'sys_id', 'sys_id') }}
),

-- The two class tables are one record; a flat incident simply has no task beside it.
merged as (
    select
        latest_incidents.customer_id,
        latest_incidents.sys_id,
        {%- for column in wins %}
        coalesce(latest_incidents.{{ column }}, latest_tasks.{{ column }}) as {{ column }},
        {%- endfor %}
        coalesce(
            {{ not_blank('latest_incidents.customer_account_id') }},
            {{ not_blank('latest_tasks.customer_account_id') }}
        ) as linked_id,
        coalesce(
            {{ not_blank('latest_incidents.company_value') }},
            {{ not_blank('latest_tasks.company_value') }}
        ) as company_value,
        latest_incidents.is_live and coalesce(latest_tasks.is_live, true) as is_live,
        coalesce(latest_incidents._fivetran_synced, latest_tasks._fivetran_synced) as synced_at
    from latest_incidents
    left join latest_tasks
        on
            latest_incidents.customer_id = latest_tasks.customer_id
            and latest_incidents.sys_id = latest_tasks.sys_id
),

-- What lies at or after as_of has not happened yet.
happened as (
    select
        *,
        case when coalesce(resolved_at, closed_at) < {{ as_of() }} then coalesce(resolved_at, closed_at) end as ended_at,
        case when first_responded_at < {{ as_of() }} then first_responded_at end as responded_at,
        coalesce(
            {{ leading_digits('state') }} = 8 or lower(trim(state)) in ('canceled', 'cancelled'), false
        ) or coalesce(
            {{ leading_digits('incident_state') }} = 8 or lower(trim(incident_state)) in ('canceled', 'cancelled'), false
        ) as is_cancelled,
        {{ not_blank('parent_incident_value') }} is not null as is_child
    from merged
    where opened_at < {{ as_of() }}
),

linked as (
    select
        happened.*,
        coalesce({{ salesforce_key('happened.linked_id') }}, company_accounts.account_key) as account_key
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
