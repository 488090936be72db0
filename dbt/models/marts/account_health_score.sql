{%- set is_standard = batch_has_fact('health_scheme', 'standard') -%}
{%- set relationship = health_weights('relationship') -%}
{%- set adoption = health_weights('adoption') -%}
{%- set business_outcomes = health_weights('business_outcomes') -%}
{%- set support = health_weights('support') -%}
with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

too_old as (
    select
        customer_id,
        account_key,
        max(case when input = 'activation' then 1 else 0 end) = 1 as is_activation_too_old,
        max(case when input = 'feature_usage' then 1 else 0 end) = 1 as is_feature_usage_too_old
    from {{ ref('int_dated_input') }}
    where is_too_old
    group by customer_id, account_key
),

{%- if is_standard %}

bases as (
    select * from {{ ref('int_revenue_basis') }}
),
{%- endif %}

kpis as (
    select
        customer_id,
        account_id,
        max(case when kpi = 'nps' then value end) as nps,
        max(case when kpi = 'csat' then value end) as csat,
        max(case when kpi = 'executive_engagement' then value end) as executive_engagement,
        max(case when kpi = 'adoption_index' then value end) as adoption_index,
        max(case when kpi = 'revenue_growth' then value end) as revenue_growth,
        max(case when kpi = 'net_revenue_retention' then value end) as net_revenue_retention,
        max(case when kpi = 'churn_risk' then value end) as churn_risk,
        max(case when kpi = 'sla_compliance' then value end) as sla_compliance,
        max(case when kpi = 'support_satisfaction' then value end) as support_satisfaction,
        max(case when kpi = 'first_response_time' then value end) as first_response_time,
        max(case when kpi = 'resolution_time' then value end) as resolution_time
    from kpi_values
    group by customer_id, account_id
),

-- Every input on 0 to 100.
inputs as (
    select
        accounts.customer_id,
        accounts.account_id,
        accounts.health_score as crm_health_score,
        {%- if is_standard %}
        -- Growth in bookings is no growth: its weight goes to retention.
        case when customers.health_scheme = 'standard' and bases.revenue_basis = 'bookings' then 0 else 0.4 end
            as revenue_growth_weight,
        case when customers.health_scheme = 'standard' and bases.revenue_basis = 'bookings' then 0.8 else 0.4 end
            as net_revenue_retention_weight,
        {%- endif %}
        accounts.as_of,
        customers.relationship_weight,
        customers.adoption_weight,
        customers.business_outcomes_weight,
        customers.support_weight,
        {{ input_score('nps', 'kpis.nps') }} as nps,
        {{ input_score('csat', 'kpis.csat') }} as csat,
        {{ input_score('executive_engagement', 'kpis.executive_engagement') }} as executive_engagement,
        {{ input_score('adoption_index', 'kpis.adoption_index') }} as adoption_index,
        case
            when too_old.is_activation_too_old then null
            when accounts.total_users > 0 then {{ clamped('accounts.active_users / accounts.total_users * 100') }}
        end as activation,
        case
            when too_old.is_feature_usage_too_old then null else {{ clamped('accounts.feature_usage_score') }}
        end as feature_usage,
        {{ input_score('revenue_growth', 'kpis.revenue_growth') }} as revenue_growth,
        {{ input_score('net_revenue_retention', 'kpis.net_revenue_retention') }} as net_revenue_retention,
        {%- if is_standard %}
        -- A risk that was computed is made of other inputs, which would count twice.
        case
            when customers.health_scheme = 'classic' or accounts.churn_risk is not null
                then {{ classic_score('churn_risk', 'kpis.churn_risk') }}
        end as churn_risk,
        {%- else %}
        {{ classic_score('churn_risk', 'kpis.churn_risk') }} as churn_risk,
        {%- endif %}
        {{ input_score('sla_compliance', 'kpis.sla_compliance') }} as sla_compliance,
        {{ input_score('support_satisfaction', 'kpis.support_satisfaction') }} as support_satisfaction,
        {{ input_score('first_response_time', 'kpis.first_response_time') }} as first_response_time,
        {{ inputs_known_then('accounts', 'customers') }}
        {{ input_score('resolution_time', 'kpis.resolution_time') }} as resolution_time
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    inner join kpis
        on
            accounts.customer_id = kpis.customer_id
            and accounts.account_id = kpis.account_id
    left join too_old
        on
            accounts.customer_id = too_old.customer_id
            and accounts.account_key = too_old.account_key
    {%- if is_standard %}
    inner join bases on accounts.customer_id = bases.customer_id
    {%- endif %}
),

known as (
    select
        *,
        {{ known_weight(relationship) }} as relationship_known,
        {{ known_weight(adoption) }} as adoption_known,
        {{ known_weight(business_outcomes) }} as business_outcomes_known,
        {{ known_weight(support) }} as support_known
    from inputs
),

scored as (
    select
        *,
        {{ known_mean(relationship, 'relationship_known') }} as relationship_score,
        {{ known_mean(adoption, 'adoption_known') }} as adoption_score,
        {{ known_mean(business_outcomes, 'business_outcomes_known') }} as business_outcomes_score,
        {{ known_mean(support, 'support_known') }} as support_score,
        case when relationship_known > 0 then relationship_weight else 0 end
        + case when adoption_known > 0 then adoption_weight else 0 end
        + case when business_outcomes_known > 0 then business_outcomes_weight else 0 end
        + case when support_known > 0 then support_weight else 0 end as categories_weight,
        (
            relationship_weight * relationship_known + adoption_weight * adoption_known
            + business_outcomes_weight * business_outcomes_known + support_weight * support_known
        )
        / {{ weight_that_can_be_known() }} as known_share
    from known
),

covered as (
    select
        *,
        cast(round({{ exact('known_share') }}, 9) as {{ canonical_type('float') }}) as coverage,
        round({{ exact('known_share') }}, 9) >= 0.5 and categories_weight > 0 as is_covered
    from scored
),

final as (
    select
        customer_id,
        account_id,
        relationship_score,
        adoption_score,
        business_outcomes_score,
        support_score,
        case
            when is_covered
                then (
                    relationship_weight * coalesce(relationship_score, 0)
                    + adoption_weight * coalesce(adoption_score, 0)
                    + business_outcomes_weight * coalesce(business_outcomes_score, 0)
                    + support_weight * coalesce(support_score, 0)
                ) / categories_weight
        end as health_score,
        coverage,
        {{ contribution('nps') }} as nps_contribution,
        {{ contribution('csat') }} as csat_contribution,
        {{ contribution('executive_engagement') }} as executive_engagement_contribution,
        {{ contribution('adoption_index') }} as adoption_index_contribution,
        {{ contribution('activation') }} as activation_contribution,
        {{ contribution('feature_usage') }} as feature_usage_contribution,
        {{ contribution('revenue_growth') }} as revenue_growth_contribution,
        {{ contribution('net_revenue_retention') }} as net_revenue_retention_contribution,
        {{ contribution('churn_risk') }} as churn_risk_contribution,
        {{ contribution('sla_compliance') }} as sla_compliance_contribution,
        {{ contribution('support_satisfaction') }} as support_satisfaction_contribution,
        {{ contribution('first_response_time') }} as first_response_time_contribution,
        {{ contribution('resolution_time') }} as resolution_time_contribution,
        crm_health_score,
        as_of
    from covered
)

select * from final
