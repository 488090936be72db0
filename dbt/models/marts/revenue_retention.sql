{%- if not batch_has_ledger() -%}
{{ literal_rows(revenue_retention_columns(), []) }}
{%- else -%}
with

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

revenue as (
    select * from {{ ref('int_account_arr') }}
    where is_comparable and base_arr > 0
),

customers as (
    select * from {{ ref('int_customer') }}
),

currencies as (
    select
        customer_id,
        min({{ currency_code('iso_code') }}) as corporate_currency
    from {{ ref('stg_salesforce__currency_type') }}
    where is_live and is_corporate
    group by customer_id
),

-- Whatever its type is today: else who leaves improves the rest.
cohort as (
    select
        revenue.customer_id,
        revenue.arr,
        revenue.base_arr,
        {{ not_blank('accounts.industry') }} as industry,
        {{ not_blank('accounts.region') }} as region,
        {{ not_blank('accounts.csm_name') }} as csm_name,
        case
            when customers.converts_money then coalesce(customers.target_currency, currencies.corporate_currency)
            else coalesce(nullif(revenue.currency_key, ''), currencies.corporate_currency)
        end as arr_currency
    from revenue
    inner join customers on revenue.customer_id = customers.customer_id
    inner join accounts
        on
            revenue.customer_id = accounts.customer_id
            and revenue.account_key = accounts.account_key
    left join currencies on revenue.customer_id = currencies.customer_id
),

segmented as (
    {%- for kind, segment in [('all', "'all'"), ('industry', 'industry'), ('region', 'region'), ('csm', 'csm_name')] %}
    select
        customer_id,
        '{{ kind }}' as segment_kind,
        {{ segment }} as segment,
        arr_currency,
        arr,
        base_arr
    from cohort
    {{- '\n\n    union all\n' if not loop.last }}
    {%- endfor %}
),

summed as (
    select
        customer_id,
        segment_kind,
        segment,
        arr_currency,
        cast(count(*) as {{ canonical_type('integer') }}) as accounts,
        sum(base_arr) as starting_arr,
        sum(case when arr > base_arr then arr - base_arr else 0 end) as expansion,
        sum(case when arr < base_arr and arr <> 0 then base_arr - arr else 0 end) as contraction,
        sum(case when arr = 0 then base_arr else 0 end) as churned,
        sum(arr) as ending_arr,
        sum(case when arr < base_arr then arr else base_arr end) as kept_arr
    from segmented
    group by customer_id, segment_kind, segment, arr_currency
),

final as (
    select
        customer_id,
        segment_kind,
        segment,
        accounts,
        {{ exact('starting_arr') }} as starting_arr,
        {{ exact('expansion') }} as expansion,
        {{ exact('contraction') }} as contraction,
        {{ exact('churned') }} as churned,
        {{ exact('ending_arr') }} as ending_arr,
        {{ percent('ending_arr', 'starting_arr') }} as net_revenue_retention,
        {{ percent('kept_arr', 'starting_arr') }} as gross_revenue_retention,
        arr_currency,
        {{ as_of() }} as as_of
    from summed
)

select * from final
{%- endif %}
