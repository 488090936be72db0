with

customers as (
    select * from {{ ref('int_customer') }}
),

task_slas as (
    select * from {{ ref('stg_servicenow__task_sla') }}
),

tickets as (
    {{ of_batch(ref('servicenow_tickets')) }}
),

task_sla_customers as (
    select distinct customer_id from task_slas
    where is_live
),

incident_facts as (
    select
        customer_id,
        sum(sla_due_incidents) as sla_due_incidents,
        sum(made_sla_incidents) as made_sla_incidents
    from tickets
    group by customer_id
),

chosen as (
    select
        customers.*,
        case
            when customers.sla_setting <> 'auto' then customers.sla_setting
            when task_sla_customers.customer_id is not null then 'task_sla'
            when incident_facts.sla_due_incidents > 0 then 'sla_due'
            when incident_facts.made_sla_incidents > 0 then 'made_sla'
        end as sla_source
    from customers
    left join task_sla_customers on customers.customer_id = task_sla_customers.customer_id
    left join incident_facts on customers.customer_id = incident_facts.customer_id
),

judged as (
    select
        customer_id,
        sla_source,
        case
            when sla_source = 'task_sla' and not has_task_sla then 'not_synced'
            when sla_source = 'sla_due' and not has_sla_due then 'not_mapped'
            when sla_source = 'made_sla' and not has_made_sla then 'not_mapped'
            when sla_source is null and not (has_task_sla or has_sla_due or has_made_sla) then 'not_mapped'
        end as sla_gap
    from chosen
),

final as (
    select
        customer_id,
        case when sla_gap is null then sla_source end as sla_source,
        sla_gap
    from judged
)

select * from final
