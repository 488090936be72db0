with

tickets as (
    select * from {{ ref('int_ticket_breach') }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

categories as (
    select
        customer_id,
        account_key,
        category,
        count(*) as total_tickets,
        count(case when is_breached is not null then 1 end) > 0 as is_judged,
        count(case when is_breached then 1 end) as sla_breaches,
        count(case when is_breached then breach_microseconds end) as timed_breaches,
        sum(case when is_breached then {{ exact('breach_microseconds') }} end) as breach_microseconds,
        count(case when reassignment_count > 2 then 1 end) as routing_issues,
        count(case when escalation > 0 then 1 end) as complex_issues,
        count(case when priority = 1 and is_breached then 1 end) as critical_breaches
    from tickets
    group by customer_id, account_key, category
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        categories.category,
        categories.total_tickets,
        case when categories.is_judged then categories.sla_breaches end as sla_breaches,
        case
            when categories.is_judged
                then cast(100 * categories.sla_breaches as {{ canonical_type('float') }}) / categories.total_tickets
        end as breach_rate,
        case
            when categories.timed_breaches > 0
                then {{ hours('categories.breach_microseconds') }} / categories.timed_breaches
        end as avg_breach_hours,
        case when customers.has_reassignment_count then categories.routing_issues end as routing_issues,
        case when customers.has_escalation then categories.complex_issues end as complex_issues,
        case when categories.is_judged and customers.has_priority then categories.critical_breaches end
            as critical_breaches,
        accounts.as_of
    from categories
    inner join customers on categories.customer_id = customers.customer_id
    inner join accounts
        on
            categories.customer_id = accounts.customer_id
            and categories.account_key = accounts.account_key
)

select * from final
