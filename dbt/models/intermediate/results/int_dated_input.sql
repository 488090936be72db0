{%- set inputs = ['nps', 'adoption_index', 'activation', 'feature_usage', 'churn_risk'] -%}
with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

limits as (
    select * from {{ ref('int_age_limit') }}
),

dates as (
    {%- if not batch_has_ages() %}
    {{ literal_rows(
        {'customer_id': 'string', 'account_key': 'string', 'input': 'string', 'value_date': 'timestamp'}, []
    ) }}
    {%- else %}
    {%- for input in inputs %}
    select
        customer_id,
        account_key,
        '{{ input }}' as input,
        {{ input }}_date as value_date
    from accounts
    where {{ input }}_date is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- endif %}
),

final as (
    select
        dates.customer_id,
        dates.account_key,
        dates.input,
        dates.value_date,
        dates.value_date < limits.oldest as is_too_old,
        'older than ' || cast(limits.max_age_days as {{ canonical_type('string') }}) || ' days' as too_old_reason
    from dates
    inner join limits
        on
            dates.customer_id = limits.customer_id
            and dates.input = limits.input
)

select * from final
