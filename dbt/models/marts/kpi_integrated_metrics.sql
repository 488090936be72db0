with

salesforce_metrics as (
    {{ of_batch(ref('kpi_salesforce_metrics')) }}
),

servicenow_metrics as (
    {{ of_batch(ref('kpi_servicenow_metrics')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

revenues as (
    select * from {{ ref('int_account_revenue') }}
),

joined as (
    select
        coalesce(salesforce_metrics.customer_id, servicenow_metrics.customer_id) as customer_id,
        coalesce(salesforce_metrics.account_id, servicenow_metrics.account_id) as account_id,
        coalesce(salesforce_metrics.account_name, servicenow_metrics.account_name) as account_name,
        {{ account_columns('salesforce_metrics') }},
        {{ kpi_names('salesforce', 'salesforce_metrics') }},
        {{ kpi_names('servicenow', 'servicenow_metrics') }},
        servicenow_metrics.resolution_time_median_hours,
        servicenow_metrics.resolution_time_p90_hours,
        servicenow_metrics.escalation_rate,
        servicenow_metrics.ticket_reopen_rate,
        servicenow_metrics.critical_issues_count
    from salesforce_metrics
    full outer join servicenow_metrics
        on
            salesforce_metrics.customer_id = servicenow_metrics.customer_id
            and salesforce_metrics.account_id = servicenow_metrics.account_id
),

final as (
    select
        joined.*,
        {{ account_revenue_columns('revenues') }},
        accounts.is_salesforce_account,
        accounts.time_basis,
        accounts.revenue_basis,
        accounts.as_of,
        accounts.last_updated
    from joined
    inner join accounts
        on
            joined.customer_id = accounts.customer_id
            and joined.account_id = accounts.account_id
    left join revenues
        on
            accounts.customer_id = revenues.customer_id
            and accounts.account_key = revenues.account_key
)

select * from final
