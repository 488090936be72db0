{% set with_currencies = batch_has_currencies() -%}
with

salesforce_accounts as (
    select * from {{ ref('int_salesforce_account') }}
    where left_out_reason is null
),
{%- if with_currencies %}

customers as (
    select * from {{ ref('int_customer') }}
),

rates as (
    select * from {{ ref('int_currency_rate') }}
    where rate_time = {{ as_of() }}
),
{%- endif %}

servicenow_accounts as (
    select * from {{ ref('int_servicenow_account') }}
),

sla_sources as (
    select * from {{ ref('int_sla_source') }}
),

time_bases as (
    select * from {{ ref('int_time_basis') }}
),

revenue_bases as (
    select * from {{ ref('int_revenue_basis') }}
),

revenues as (
    select * from {{ ref('int_account_arr') }}
),

-- What names an account by one id is grouped before it is linked.
record_syncs as (
    select
        customer_id,
        account_id as linked_id,
        max(_fivetran_synced) as synced_at
    from {{ ref('stg_salesforce__opportunity') }}
    where is_live and close_date < {{ as_of() }}
    group by customer_id, account_id

    union all

    select
        customer_id,
        account_id as linked_id,
        max(_fivetran_synced) as synced_at
    from {{ ref('stg_salesforce__case') }}
    where is_live and created_date < {{ as_of() }}
    group by customer_id, account_id
),

all_syncs as (
    select
        customer_id,
        account_key,
        synced_at
    from salesforce_accounts

    union all

    select
        customer_id,
        account_key,
        synced_at
    from servicenow_accounts

    union all

    select
        salesforce_accounts.customer_id,
        salesforce_accounts.account_key,
        record_syncs.synced_at
    from salesforce_accounts
    inner join record_syncs
        on
            salesforce_accounts.customer_id = record_syncs.customer_id
            and salesforce_accounts.account_key = {{ salesforce_key('record_syncs.linked_id') }}
),

syncs as (
    select
        customer_id,
        account_key,
        max(synced_at) as last_updated
    from all_syncs
    group by customer_id, account_key
),

accounts as (
    select
        salesforce_accounts.customer_id,
        salesforce_accounts.account_key,
        salesforce_accounts.account_id,
        salesforce_accounts.account_name,
        salesforce_accounts.account_type,
        true as is_salesforce_account,
        servicenow_accounts.account_key is not null as is_seen_in_servicenow,
        coalesce(servicenow_accounts.counting_incidents, 0) as counting_incidents,
        {{ account_columns('salesforce_accounts', computed=['revenue']) }},
        {%- if with_currencies %}
        case
            when not customers.converts_money or {{ is_target_currency('salesforce_accounts.currency') }}
                then salesforce_accounts.revenue
            else {{ converted('salesforce_accounts.revenue', 'salesforce_accounts.currency') }}
        end as revenue,
        {%- else %}
        salesforce_accounts.revenue,
        {%- endif %}
        salesforce_accounts.nps_score,
        salesforce_accounts.nps_score_unreadable,
        salesforce_accounts.adoption_score,
        salesforce_accounts.adoption_score_unreadable,
        salesforce_accounts.churn_risk,
        salesforce_accounts.churn_risk_unreadable,
        salesforce_accounts.health_score,
        salesforce_accounts.last_login_date,
        salesforce_accounts.active_users,
        salesforce_accounts.total_users,
        salesforce_accounts.feature_usage_score,
        {%- for flag in account_known_flags() %}
        salesforce_accounts.{{ flag }},
        {%- endfor %}
        salesforce_accounts.executive_engagement,
        salesforce_accounts.nps_date,
        salesforce_accounts.adoption_index_date,
        salesforce_accounts.activation_date,
        salesforce_accounts.feature_usage_date,
        salesforce_accounts.churn_risk_date
    from salesforce_accounts
    {% if with_currencies %}
    inner join customers on salesforce_accounts.customer_id = customers.customer_id
    left join rates as own_rates
        on
            salesforce_accounts.customer_id = own_rates.customer_id
            and salesforce_accounts.currency = own_rates.currency
    left join rates as target_rates
        on
            salesforce_accounts.customer_id = target_rates.customer_id
            and customers.target_currency = target_rates.currency
    {%- endif %}
    left join servicenow_accounts
        on
            salesforce_accounts.customer_id = servicenow_accounts.customer_id
            and salesforce_accounts.account_key = servicenow_accounts.account_key

    union all

    select
        customer_id,
        account_key,
        account_id,
        account_name,
        {{ literal(none, 'string') }} as account_type,
        false as is_salesforce_account,
        true as is_seen_in_servicenow,
        counting_incidents,
        {{ account_columns() }},
        {{ literal(none, 'float') }} as nps_score,
        {{ literal(none, 'string') }} as nps_score_unreadable,
        {{ literal(none, 'float') }} as adoption_score,
        {{ literal(none, 'string') }} as adoption_score_unreadable,
        {{ literal(none, 'float') }} as churn_risk,
        {{ literal(none, 'string') }} as churn_risk_unreadable,
        {{ literal(none, 'float') }} as health_score,
        {{ literal(none, 'timestamp') }} as last_login_date,
        {{ literal(none, 'float') }} as active_users,
        {{ literal(none, 'float') }} as total_users,
        {{ literal(none, 'float') }} as feature_usage_score,
        {%- for flag in account_known_flags() %}
        true as {{ flag }},
        {%- endfor %}
        {{ literal(none, 'string') }} as executive_engagement,
        {{ literal(none, 'timestamp') }} as nps_date,
        {{ literal(none, 'timestamp') }} as adoption_index_date,
        {{ literal(none, 'timestamp') }} as activation_date,
        {{ literal(none, 'timestamp') }} as feature_usage_date,
        {{ literal(none, 'timestamp') }} as churn_risk_date
    from servicenow_accounts
    where not is_salesforce_account
),

final as (
    select
        accounts.*,
        syncs.last_updated,
        sla_sources.sla_source,
        sla_sources.sla_gap,
        time_bases.time_basis,
        revenue_bases.revenue_basis,
        revenues.revenue_since,
        {{ as_of('accounts') }} as as_of
    from accounts
    left join sla_sources on accounts.customer_id = sla_sources.customer_id
    left join time_bases on accounts.customer_id = time_bases.customer_id
    left join revenue_bases on accounts.customer_id = revenue_bases.customer_id
    left join revenues
        on
            accounts.customer_id = revenues.customer_id
            and accounts.account_key = revenues.account_key
    left join syncs
        on
            accounts.customer_id = syncs.customer_id
            and accounts.account_key = syncs.account_key
)

select * from final
