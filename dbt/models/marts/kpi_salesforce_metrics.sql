with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

metrics as (
    select
        customer_id,
        account_id,
        max(case when kpi = 'nps' then value end) as nps,
        max(case when kpi = 'csat' then value end) as csat,
        max(case when kpi = 'executive_engagement' then value end) as executive_engagement_score,
        max(case when kpi = 'adoption_index' then value end) as adoption_index,
        max(case when kpi = 'revenue_growth' then value end) as revenue_growth_percent,
        max(case when kpi = 'net_revenue_retention' then value end) as net_revenue_retention,
        max(case when kpi = 'churn_risk' then value end) as churn_risk
    from kpi_values
    group by customer_id, account_id
),

final as (
    select
        accounts.customer_id,
        accounts.account_id,
        accounts.account_name,
        accounts.revenue,
        accounts.industry,
        accounts.region,
        accounts.csm_name,
        accounts.csm_email,
        accounts.website,
        metrics.nps,
        metrics.csat,
        metrics.executive_engagement_score,
        metrics.adoption_index,
        metrics.revenue_growth_percent,
        metrics.net_revenue_retention,
        metrics.churn_risk,
        accounts.as_of
    from accounts
    inner join metrics
        on
            accounts.customer_id = metrics.customer_id
            and accounts.account_id = metrics.account_id
    where accounts.is_salesforce_account
)

select * from final
