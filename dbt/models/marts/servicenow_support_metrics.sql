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

summed as (
    select
        customer_id,
        account_key,
        cast(sum(opened) as {{ canonical_type('integer') }}) as total_tickets,
        cast(sum(opened_critical) as {{ canonical_type('integer') }}) as critical_tickets,
        cast(sum(opened_escalated) as {{ canonical_type('float') }}) as escalated_tickets,
        cast(sum(opened_last_7_days) as {{ canonical_type('integer') }}) as tickets_last_7_days,
        cast(sum(opened_prior_7_days) as {{ canonical_type('integer') }}) as tickets_prior_7_days,
        sum(ended) as ended,
        cast(sum(ended_reopened) as {{ canonical_type('float') }}) as reopened_tickets,
        sum(responses) as responses,
        sum(response_microseconds) as response_microseconds,
        sum(resolutions) as resolutions,
        sum(resolution_microseconds) as resolution_microseconds,
        sum(ratings) as ratings,
        cast(sum(rating_sum) as {{ canonical_type('float') }}) as rating_sum,
        sum(task_sla_decided) as task_sla_decided,
        sum(task_sla_met) as task_sla_met,
        sum(sla_due_decided) as sla_due_decided,
        sum(sla_due_met) as sla_due_met,
        sum(made_sla_decided) as made_sla_decided,
        sum(made_sla_met) as made_sla_met
    from tickets
    where is_linked and is_counting
    group by customer_id, account_key
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        summed.total_tickets,
        case when customers.has_priority then summed.critical_tickets end as critical_tickets,
        case accounts.sla_source
            when 'task_sla' then {{ percent('summed.task_sla_met', 'summed.task_sla_decided') }}
            when 'sla_due' then {{ percent('summed.sla_due_met', 'summed.sla_due_decided') }}
            when 'made_sla' then {{ percent('summed.made_sla_met', 'summed.made_sla_decided') }}
        end as sla_compliance_percent,
        {{ hours('summed.response_microseconds') }} / nullif(summed.responses, 0) as avg_first_response_hours,
        {{ hours('summed.resolution_microseconds') }} / nullif(summed.resolutions, 0) as avg_resolution_hours,
        summed.rating_sum / nullif(summed.ratings, 0) as avg_satisfaction,
        case when customers.has_reopen_count then {{ percent('summed.reopened_tickets', 'summed.ended') }} end
            as reopen_rate_percent,
        case when customers.has_escalation then {{ percent('summed.escalated_tickets', 'summed.total_tickets') }} end
            as escalation_rate_percent,
        summed.tickets_last_7_days,
        summed.tickets_prior_7_days,
        accounts.as_of
    from summed
    inner join customers on summed.customer_id = customers.customer_id
    inner join accounts
        on
            summed.customer_id = accounts.customer_id
            and summed.account_key = accounts.account_key
)

select * from final
