with

incidents as (
    select * from {{ ref('int_incident') }}
    where left_out_reason is null and opened_at >= {{ days_before_as_of(30) }}
),

breaches as (
    select * from {{ ref('int_sla_breach') }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

tickets as (
    select
        incidents.customer_id,
        incidents.account_key,
        incidents.category,
        count(*) as total_tickets,
        count(breaches.incident_sys_id) as sla_breaches,
        count(breaches.breach_microseconds) as timed_breaches,
        sum({{ exact('breaches.breach_microseconds') }}) as breach_microseconds,
        count(case when incidents.reassignment_count > 2 then 1 end) as routing_issues,
        count(case when incidents.escalation > 0 then 1 end) as complex_issues,
        count(case when incidents.priority = 1 and breaches.incident_sys_id is not null then 1 end) as critical_breaches
    from incidents
    left join breaches
        on
            incidents.customer_id = breaches.customer_id
            and incidents.sys_id = breaches.incident_sys_id
    group by incidents.customer_id, incidents.account_key, incidents.category
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        tickets.category,
        tickets.total_tickets,
        case when accounts.sla_source is not null then tickets.sla_breaches end as sla_breaches,
        case
            when accounts.sla_source is not null
                then cast(100 * tickets.sla_breaches as {{ canonical_type('float') }}) / tickets.total_tickets
        end as breach_rate,
        case
            when tickets.timed_breaches > 0
                then {{ hours('tickets.breach_microseconds') }} / tickets.timed_breaches
        end as avg_breach_hours,
        case when customers.has_reassignment_count then tickets.routing_issues end as routing_issues,
        case when customers.has_escalation then tickets.complex_issues end as complex_issues,
        case when accounts.sla_source is not null and customers.has_priority then tickets.critical_breaches end
            as critical_breaches,
        accounts.as_of
    from tickets
    inner join customers on tickets.customer_id = customers.customer_id
    inner join accounts
        on
            tickets.customer_id = accounts.customer_id
            and tickets.account_key = accounts.account_key
)

select * from final
