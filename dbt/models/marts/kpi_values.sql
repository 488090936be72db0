with

results as (
    select * from {{ ref('int_kpi_result') }}
),

churn as (
    {{ of_batch(ref('account_churn_risk')) }}
),

final as (
    select
        customer_id,
        account_id,
        kpi,
        value,
        numerator,
        denominator,
        sample_size,
        window_start,
        window_end,
        status,
        left_out_count,
        left_out_reason,
        unreadable_count,
        window_end as as_of
    from results

    {%- if batch_has_custom_kpis() %}

    union all

    select
        customer_id,
        account_id,
        kpi,
        value,
        numerator,
        denominator,
        sample_size,
        window_start,
        window_end,
        status,
        left_out_count,
        left_out_reason,
        unreadable_count,
        window_end as as_of
    from {{ ref('int_custom_result') }}
    {%- endif %}

    union all

    select
        customer_id,
        account_id,
        'churn_risk' as kpi,
        total_churn_risk_score as value,
        numerator,
        denominator,
        sample_size,
        null as window_start,
        as_of as window_end,
        status,
        unreadable_count + case when left_out_reason like 'older than %' then 1 else 0 end as left_out_count,
        left_out_reason,
        unreadable_count,
        as_of
    from churn
)

select * from final
