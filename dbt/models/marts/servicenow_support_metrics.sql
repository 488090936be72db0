{%- set days_7 = days_before_as_of(7) -%}
{%- set days_14 = days_before_as_of(14) -%}
{%- set days_90 = days_before_as_of(90) -%}
with

incidents as (
    select * from {{ ref('int_incident') }}
    where left_out_reason is null
),

decisions as (
    select * from {{ ref('int_sla_decision') }}
    where left_out_reason is null and decided_at >= {{ days_90 }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

tickets as (
    select
        customer_id,
        account_key,
        count(case when opened_at >= {{ days_90 }} then 1 end) as total_tickets,
        count(case when opened_at >= {{ days_90 }} and priority = 1 then 1 end) as critical_tickets,
        count(case when opened_at >= {{ days_90 }} and escalation > 0 then 1 end) as escalated_tickets,
        count(case when opened_at >= {{ days_7 }} then 1 end) as tickets_last_7_days,
        count(case when opened_at >= {{ days_14 }} and opened_at < {{ days_7 }} then 1 end) as tickets_prior_7_days,
        count(case when ended_at >= {{ days_90 }} then 1 end) as ended_tickets,
        count(case when ended_at >= {{ days_90 }} and reopen_count > 0 then 1 end) as reopened_tickets,
        count(case when responded_at >= {{ days_90 }} and responded_at >= opened_at then 1 end) as responses,
        sum(
            case
                when responded_at >= {{ days_90 }} and responded_at >= opened_at
                    then {{ exact(microseconds_between('opened_at', 'responded_at')) }}
            end
        ) as response_microseconds,
        count(case when ended_at >= {{ days_90 }} and ended_at >= opened_at then 1 end) as resolutions,
        sum(
            case
                when ended_at >= {{ days_90 }} and ended_at >= opened_at
                    then {{ exact(microseconds_between('opened_at', 'ended_at')) }}
            end
        ) as resolution_microseconds,
        count(case when ended_at >= {{ days_90 }} and {{ is_rating('satisfaction_rating') }} then 1 end) as ratings,
        sum(
            case when ended_at >= {{ days_90 }} and {{ is_rating('satisfaction_rating') }} then satisfaction_rating end
        ) as rating_sum
    from incidents
    group by customer_id, account_key
),

slas as (
    select
        customer_id,
        account_key,
        100.0 * sum(met) / count(*) as sla_compliance_percent
    from decisions
    group by customer_id, account_key
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        tickets.total_tickets,
        case when customers.has_priority then tickets.critical_tickets end as critical_tickets,
        cast(slas.sla_compliance_percent as {{ canonical_type('float') }}) as sla_compliance_percent,
        case when tickets.responses > 0 then {{ hours('tickets.response_microseconds') }} / tickets.responses end
            as avg_first_response_hours,
        case when tickets.resolutions > 0 then {{ hours('tickets.resolution_microseconds') }} / tickets.resolutions end
            as avg_resolution_hours,
        case
            when tickets.ratings > 0
                then cast(tickets.rating_sum as {{ canonical_type('float') }}) / tickets.ratings
        end as avg_satisfaction,
        case
            when customers.has_reopen_count and tickets.ended_tickets > 0
                then cast(100 * tickets.reopened_tickets as {{ canonical_type('float') }}) / tickets.ended_tickets
        end as reopen_rate_percent,
        case
            when customers.has_escalation and tickets.total_tickets > 0
                then cast(100 * tickets.escalated_tickets as {{ canonical_type('float') }}) / tickets.total_tickets
        end as escalation_rate_percent,
        tickets.tickets_last_7_days,
        tickets.tickets_prior_7_days,
        accounts.as_of
    from tickets
    inner join customers on tickets.customer_id = customers.customer_id
    inner join accounts
        on
            tickets.customer_id = accounts.customer_id
            and tickets.account_key = accounts.account_key
    left join slas
        on
            tickets.customer_id = slas.customer_id
            and tickets.account_key = slas.account_key
)

select * from final
