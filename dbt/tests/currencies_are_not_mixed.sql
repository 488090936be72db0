{{ config(severity='warn') }}
-- Accounts whose won amounts are in several currencies and are added up as they landed.
{%- if batch_has_currencies() %}
with

opportunities as (
    select * from {{ ref('int_opportunity') }}
),

customers as (
    select * from {{ ref('int_customer') }}
    where not converts_money
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'revenue_growth'
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
)

select
    accounts.customer_id,
    accounts.account_id,
    'salesforce.opportunity' as source_table,
    'amount' as column_name,
    min(coalesce(opportunities.currency, 'corporate')) as one_currency,
    max(coalesce(opportunities.currency, 'corporate')) as another_currency,
    cast(count(*) as {{ canonical_type('integer') }}) as row_count,
    'added up as they are: revenue.currency is as_landed' as broken_rule
from opportunities
inner join customers on opportunities.customer_id = customers.customer_id
inner join settings on opportunities.customer_id = settings.customer_id
inner join accounts
    on
        opportunities.customer_id = accounts.customer_id
        and opportunities.account_key = accounts.account_key
where
    opportunities.left_out_reason is null
    and opportunities.unreadable_reason is null
    and opportunities.close_date >= settings.prior_window_start
group by accounts.customer_id, accounts.account_id
having count(distinct coalesce(opportunities.currency, 'corporate')) > 1
{%- else %}
{{ literal_rows({'customer_id': 'string'}, []) }}
{%- endif %}
