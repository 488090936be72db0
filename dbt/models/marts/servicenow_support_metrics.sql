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

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'support_satisfaction'
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
        sum(in_escalation_rate) as in_escalation_rate,
        sum(unreadable_escalations) as unreadable_escalations,
        sum(in_reopen_rate) as in_reopen_rate,
        cast(sum(reopened) as {{ canonical_type('float') }}) as reopened_tickets,
        sum(unreadable_reopenings) as unreadable_reopenings,
        sum(responses) as responses,
        sum(response_microseconds) as response_microseconds,
        sum(unreadable_responses) as unreadable_responses,
        sum(resolutions) as resolutions,
        sum(resolution_microseconds) as resolution_microseconds,
        sum(unreadable_resolutions) as unreadable_resolutions,
        sum(business_resolutions) as business_resolutions,
        sum(business_resolution_microseconds) as business_resolution_microseconds,
        sum(unreadable_business_resolutions) as unreadable_business_resolutions,
        sum(sla_resolutions) as sla_resolutions,
        sum(sla_resolution_microseconds) as sla_resolution_microseconds,
        sum(unreadable_sla_resolutions) as unreadable_sla_resolutions,
        sum(ratings) as ratings,
        sum(rating_sum) as rating_sum,
        sum(refused_ratings) as refused_ratings,
        sum(unreadable_ratings) as unreadable_ratings,
        sum(task_sla_decided) as task_sla_decided,
        sum(task_sla_met) as task_sla_met,
        sum(task_sla_unreadable) as task_sla_unreadable,
        sum(sla_due_decided) as sla_due_decided,
        sum(sla_due_met) as sla_due_met,
        sum(sla_due_unreadable) as sla_due_unreadable,
        sum(made_sla_decided) as made_sla_decided,
        sum(made_sla_met) as made_sla_met,
        sum(made_sla_unreadable) as made_sla_unreadable
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
        case
            when accounts.sla_source = 'task_sla'
                then {{ readable_percent('task_sla_met', 'task_sla_decided', 'task_sla_unreadable') }}
            when accounts.sla_source = 'sla_due'
                then {{ readable_percent('sla_due_met', 'sla_due_decided', 'sla_due_unreadable') }}
            when accounts.sla_source = 'made_sla'
                then {{ readable_percent('made_sla_met', 'made_sla_decided', 'made_sla_unreadable') }}
        end as sla_compliance_percent,
        case
            when not {{ too_many_unreadable('summed.unreadable_responses', 'summed.responses') }}
                then {{ hours('summed.response_microseconds') }} / nullif(summed.responses, 0)
        end as avg_first_response_hours,
        case
            {%- for basis, prefix in [('calendar', ''), ('business', 'business_'), ('sla', 'sla_')] %}
            {%- set resolutions = 'summed.' ~ prefix ~ 'resolutions' %}
            when
                accounts.time_basis = '{{ basis }}'
                and not {{ too_many_unreadable('summed.unreadable_' ~ prefix ~ 'resolutions', resolutions) }}
                then {{ hours('summed.' ~ prefix ~ 'resolution_microseconds') }} / nullif({{ resolutions }}, 0)
            {%- endfor %}
        end as avg_resolution_hours,
        case
            when
                not {{ too_many_unreadable('summed.unreadable_ratings', 'summed.ratings') }}
                and not {{ is_off_scale('summed.refused_ratings', 'summed.ratings', 'settings.max_outside') }}
                then
                    {{ mapped_ratings(
                        'summed.rating_sum', 'summed.ratings', 'settings.lowest_rating', 'settings.highest_rating'
                    ) }} / nullif(summed.ratings, 0)
        end as avg_satisfaction,
        case
            when customers.has_reopening
                then {{ readable_percent('reopened_tickets', 'in_reopen_rate', 'unreadable_reopenings') }}
        end as reopen_rate_percent,
        case
            when customers.has_escalation
                then {{ readable_percent('escalated_tickets', 'in_escalation_rate', 'unreadable_escalations') }}
        end as escalation_rate_percent,
        summed.tickets_last_7_days,
        summed.tickets_prior_7_days,
        accounts.as_of
    from summed
    inner join customers on summed.customer_id = customers.customer_id
    inner join settings on summed.customer_id = settings.customer_id
    inner join accounts
        on
            summed.customer_id = accounts.customer_id
            and summed.account_key = accounts.account_key
)

select * from final
