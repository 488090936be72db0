{{ config(severity='warn') }}
-- Currencies in which won amounts or revenues are that have no rate: they are converted into nothing.
{%- if batch_has_currencies() %}
with

opportunities as (
    select * from {{ ref('int_opportunity') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'revenue_growth'
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

landed_accounts as (
    select * from {{ ref('int_salesforce_account') }}
)

select
    opportunities.customer_id,
    'salesforce.opportunity' as source_table,
    'amount' as column_name,
    opportunities.currency,
    min(opportunities.id) as example_id,
    cast(count(*) as {{ canonical_type('integer') }}) as row_count,
    'no conversion rate' as broken_rule
from opportunities
inner join settings on opportunities.customer_id = settings.customer_id
where
    opportunities.left_out_reason is null
    and opportunities.unreadable_reason is null
    and not opportunities.has_rate
    and opportunities.close_date >= settings.prior_window_start
group by opportunities.customer_id, opportunities.currency

union all

select
    accounts.customer_id,
    'salesforce.account' as source_table,
    'annual_revenue' as column_name,
    landed_accounts.currency,
    min(accounts.account_id) as example_id,
    cast(count(*) as {{ canonical_type('integer') }}) as row_count,
    'no conversion rate' as broken_rule
from accounts
inner join landed_accounts
    on
        accounts.customer_id = landed_accounts.customer_id
        and accounts.account_key = landed_accounts.account_key
where accounts.revenue is null and landed_accounts.revenue is not null
group by accounts.customer_id, landed_accounts.currency
{%- else %}
{{ literal_rows({'customer_id': 'string'}, []) }}
{%- endif %}
