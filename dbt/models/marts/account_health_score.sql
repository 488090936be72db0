{%- set inputs = health_inputs() -%}
{%- set categories = ['relationship', 'adoption', 'business_outcomes', 'support'] -%}
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

kpis as (
    select
        customer_id,
        account_id,
        {%- for input in inputs if input not in ('activation', 'feature_usage') %}
        max(case when kpi = '{{ input }}' then value end) as {{ input }}{{ ',' if not loop.last }}
        {%- endfor %}
    from kpi_values
    group by customer_id, account_id
),

-- Every input on 0 to 100, before it is clamped there.
scaled as (
    select
        accounts.customer_id,
        accounts.account_id,
        accounts.health_score as crm_health_score,
        accounts.as_of,
        customers.relationship_weight,
        customers.adoption_weight,
        customers.business_outcomes_weight,
        customers.support_weight,
        (kpis.nps + 100) / 2 as nps,
        (kpis.csat - 1) / 4 * 100 as csat,
        kpis.executive_engagement / 10 * 100 as executive_engagement,
        kpis.adoption_index,
        case when accounts.total_users > 0 then accounts.active_users / accounts.total_users * 100 end as activation,
        accounts.feature_usage_score as feature_usage,
        kpis.revenue_growth,
        kpis.net_revenue_retention / 150 * 100 as net_revenue_retention,
        100 - kpis.churn_risk as churn_risk,
        kpis.sla_compliance,
        (kpis.support_satisfaction - 1) / 4 * 100 as support_satisfaction,
        100 - kpis.first_response_time / 24 * 100 as first_response_time,
        100 - kpis.resolution_time / 120 * 100 as resolution_time
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    inner join kpis
        on
            accounts.customer_id = kpis.customer_id
            and accounts.account_id = kpis.account_id
),

clamped as (
    select
        customer_id,
        account_id,
        crm_health_score,
        as_of,
        {%- for category in categories %}
        {{ category }}_weight,
        {%- endfor %}
        {%- for input in inputs %}
        case when {{ input }} < 0 then 0 when {{ input }} > 100 then 100 else {{ input }} end as {{ input }}{{ ',' if not loop.last }}
        {%- endfor %}
    from scaled
),

known as (
    select
        *,
        {%- for category in categories %}
        {% for input, (of_category, weight) in inputs.items() if of_category == category -%}
        case when {{ input }} is not null then {{ weight }} else 0 end{{ ' + ' if not loop.last }}
        {%- endfor %} as {{ category }}_known{{ ',' if not loop.last }}
        {%- endfor %}
    from clamped
),

scored as (
    select
        *,
        {%- for category in categories %}
        case
            when {{ category }}_known > 0
                then ({% for input, (of_category, weight) in inputs.items() if of_category == category -%}
                {{ weight }} * coalesce({{ input }}, 0){{ ' + ' if not loop.last }}
                {%- endfor %}) / {{ category }}_known
        end as {{ category }}_score,
        {%- endfor %}
        {% for category in categories -%}
        case when {{ category }}_known > 0 then {{ category }}_weight else 0 end{{ ' + ' if not loop.last }}
        {%- endfor %} as categories_weight,
        cast(round(cast(
            ({% for category in categories %}{{ category }}_weight * {{ category }}_known{{ ' + ' if not loop.last }}{% endfor %})
            / ({% for category in categories %}{{ category }}_weight{{ ' + ' if not loop.last }}{% endfor %})
            as {{ canonical_type('exact') }}), 9) as {{ canonical_type('float') }}) as coverage
    from known
),

covered as (
    select
        *,
        coverage >= 0.5 and categories_weight > 0 as is_covered
    from scored
),

final as (
    select
        customer_id,
        account_id,
        {%- for category in categories %}
        {{ category }}_score,
        {%- endfor %}
        case
            when is_covered
                then ({% for category in categories -%}
                {{ category }}_weight * coalesce({{ category }}_score, 0){{ ' + ' if not loop.last }}
                {%- endfor %}) / categories_weight
        end as health_score,
        coverage,
        {%- for input, (category, weight) in inputs.items() %}
        case
            when is_covered and {{ input }} is not null
                then {{ category }}_weight / categories_weight * {{ weight }} / {{ category }}_known * {{ input }}
        end as {{ input }}_contribution,
        {%- endfor %}
        crm_health_score,
        as_of
    from covered
)

select * from final
