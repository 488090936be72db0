with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

metrics as (
    select
        customer_id,
        account_id,
        {{ kpi_columns('servicenow') }},
        max(case when kpi = 'support_ticket_volume' and status = 'unreadable' then 1 else 0 end) as unreadable_volumes
    from kpi_values
    group by customer_id, account_id
),

unreadable as (
    select
        customer_id,
        account_key,
        kpi,
        sum(row_count) as row_count
    from measures
    where {{ is_unreadable('left_out_reason') }}
    group by customer_id, account_key, kpi
),

counted as (
    select
        measures.customer_id,
        measures.account_key,
        measures.kpi,
        measures.basis,
        measures.median_hours,
        measures.p90_hours,
        cast(measures.numerator as {{ canonical_type('float') }}) as numerator,
        case
            when not {{ too_many_unreadable('coalesce(unreadable.row_count, 0)', 'measures.row_count') }}
                then 100.0 * cast(measures.numerator as {{ canonical_type('float') }}) / measures.row_count
        end as percentage
    from measures
    left join unreadable
        on
            measures.customer_id = unreadable.customer_id
            and measures.account_key = unreadable.account_key
            and measures.kpi = unreadable.kpi
    where measures.left_out_reason is null
),

in_force as (
    select counted.*
    from counted
    inner join accounts
        on
            counted.customer_id = accounts.customer_id
            and counted.account_key = accounts.account_key
    where counted.basis is null or counted.basis = accounts.time_basis
),

extras as (
    select
        customer_id,
        account_key,
        max(case when kpi = 'resolution_time' then median_hours end) as resolution_time_median_hours,
        max(case when kpi = 'resolution_time' then p90_hours end) as resolution_time_p90_hours,
        max(case when kpi = 'escalation_rate' then percentage end) as escalation_rate,
        max(case when kpi = 'ticket_reopen_rate' then percentage end) as ticket_reopen_rate,
        max(case when kpi = 'critical_issues_count' then cast(numerator as {{ canonical_type('integer') }}) end)
            as critical_issues_count
    from in_force
    group by customer_id, account_key
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        accounts.account_name,
        {{ kpi_names('servicenow', 'metrics') }},
        case when metrics.resolution_time_hours is not null then extras.resolution_time_median_hours end
            as resolution_time_median_hours,
        case when metrics.resolution_time_hours is not null then extras.resolution_time_p90_hours end
            as resolution_time_p90_hours,
        extras.escalation_rate,
        extras.ticket_reopen_rate,
        case
            when customers.has_priority and metrics.unreadable_volumes = 0
                then coalesce(extras.critical_issues_count, 0)
        end as critical_issues_count,
        accounts.sla_source,
        accounts.time_basis,
        accounts.as_of
    from accounts
    inner join metrics
        on
            accounts.customer_id = metrics.customer_id
            and accounts.account_id = metrics.account_id
    inner join {{ ref('int_customer') }} as customers on accounts.customer_id = customers.customer_id
    left join extras
        on
            accounts.customer_id = extras.customer_id
            and accounts.account_key = extras.account_key
    where accounts.is_seen_in_servicenow
)

select * from final
