with

tickets as (
    {{ of_batch(ref('servicenow_tickets')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

-- Breaches by the source in force.
judged as (
    select
        accounts.customer_id,
        accounts.account_id,
        accounts.as_of,
        tickets.category,
        tickets.recent,
        tickets.recent_routing_issues,
        tickets.recent_complex_issues,
        case accounts.sla_source
            when 'task_sla' then tickets.recent_with_task_sla
            when 'sla_due' then tickets.recent_with_sla_due
            when 'made_sla' then tickets.recent_with_made_sla
        end as tickets_with_sla,
        case accounts.sla_source
            when 'task_sla' then tickets.task_sla_breaches
            when 'sla_due' then tickets.sla_due_breaches
            when 'made_sla' then tickets.made_sla_breaches
        end as breaches,
        case accounts.sla_source
            when 'task_sla' then tickets.task_sla_breach_microseconds
            when 'sla_due' then tickets.sla_due_breach_microseconds
        end as breach_microseconds,
        case accounts.sla_source
            when 'task_sla' then tickets.task_sla_critical
            when 'sla_due' then tickets.sla_due_critical
            when 'made_sla' then tickets.made_sla_critical
        end as critical_breaches
    from tickets
    inner join accounts
        on
            tickets.customer_id = accounts.customer_id
            and tickets.account_key = accounts.account_key
    where tickets.is_linked and tickets.is_counting and tickets.recent > 0
),

summed as (
    select
        customer_id,
        account_id,
        as_of,
        category,
        cast(sum(recent) as {{ canonical_type('integer') }}) as total_tickets,
        cast(sum(tickets_with_sla) as {{ canonical_type('integer') }}) as tickets_with_sla,
        cast(sum(breaches) as {{ canonical_type('integer') }}) as sla_breaches,
        sum(breach_microseconds) as breach_microseconds,
        cast(sum(recent_routing_issues) as {{ canonical_type('integer') }}) as routing_issues,
        cast(sum(recent_complex_issues) as {{ canonical_type('integer') }}) as complex_issues,
        cast(sum(critical_breaches) as {{ canonical_type('integer') }}) as critical_breaches
    from judged
    group by customer_id, account_id, as_of, category
),

final as (
    select
        summed.customer_id,
        summed.account_id,
        summed.category,
        summed.total_tickets,
        summed.tickets_with_sla,
        summed.sla_breaches,
        {{ percent('summed.sla_breaches', 'summed.total_tickets') }} as breach_rate,
        {{ percent('summed.sla_breaches', 'summed.tickets_with_sla') }} as breach_rate_of_sla,
        {{ hours('summed.breach_microseconds') }} / nullif(summed.sla_breaches, 0) as avg_breach_hours,
        case when customers.has_reassignment_count then summed.routing_issues end as routing_issues,
        case when customers.has_escalation then summed.complex_issues end as complex_issues,
        case when customers.has_priority then summed.critical_breaches end as critical_breaches,
        summed.as_of
    from summed
    inner join customers on summed.customer_id = customers.customer_id
)

select * from final
