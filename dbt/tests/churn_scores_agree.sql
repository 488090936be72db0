with

scores as (
    {{ of_batch(ref('account_churn_risk')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
)

select
    scores.customer_id,
    scores.account_id,
    scores.total_churn_risk_score,
    kpi_values.value
from scores
left join kpi_values
    on
        scores.customer_id = kpi_values.customer_id
        and scores.account_id = kpi_values.account_id
        and kpi_values.kpi = 'churn_risk'
where
    coalesce(scores.total_churn_risk_score, -1) <> coalesce(kpi_values.value, -1)
    or scores.status <> kpi_values.status
    or kpi_values.status is null
