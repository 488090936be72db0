with

scores as (
    {{ of_batch(ref('account_health_score')) }}
)

select
    customer_id,
    account_id,
    health_score
from scores
where
    abs(
        coalesce(health_score, 0)
        - coalesce(nps_contribution, 0)
        - coalesce(csat_contribution, 0)
        - coalesce(executive_engagement_contribution, 0)
        - coalesce(adoption_index_contribution, 0)
        - coalesce(activation_contribution, 0)
        - coalesce(feature_usage_contribution, 0)
        - coalesce(revenue_growth_contribution, 0)
        - coalesce(net_revenue_retention_contribution, 0)
        - coalesce(churn_risk_contribution, 0)
        - coalesce(sla_compliance_contribution, 0)
        - coalesce(support_satisfaction_contribution, 0)
        - coalesce(first_response_time_contribution, 0)
        - coalesce(resolution_time_contribution, 0)
    ) > 1e-9
