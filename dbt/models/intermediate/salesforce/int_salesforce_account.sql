{% set strict = batch_is_strict() -%}
{% set in_backtest = batch_is_backtest() -%}
with

accounts as (
    select * from {{ ref('stg_salesforce__account') }}
),

users as (
    select * from {{ ref('stg_salesforce__user') }}
),

customers as (
    select * from {{ ref('int_customer') }}
),
{%- if strict %}

known as (
    select * from {{ ref('int_account_known') }}
),
{%- endif %}
{%- if in_backtest %}

-- Who had bought something by as_of, whatever became of it since.
buyers as (
    select distinct
        masters.customer_id,
        masters.account_key
    from {{ ref('int_account_master') }} as masters
    inner join (
        select
            customer_id,
            {{ salesforce_key(not_blank('account_id')) }} as linked_key
        from {{ ref('stg_salesforce__opportunity') }}
        where is_live and is_won and close_date < {{ as_of() }}
        union all
        select
            customer_id,
            {{ salesforce_key(not_blank('account_id')) }} as linked_key
        from {{ ref('stg_salesforce__asset') }}
        where is_live
    ) as purchases
        on
            masters.customer_id = purchases.customer_id
            and masters.id_key = purchases.linked_key
),
{%- endif %}

final as (
    select
        accounts.customer_id,
        accounts.id_key as account_key,
        accounts.landed_id as account_id,
        accounts.name as account_name,
        {{ normalised_name('accounts.name') }} as normalised_name,
        accounts.account_type,
        {{ account_columns_landed({'account': 'accounts', 'user': 'users'}) }},
        accounts.annual_revenue as revenue,
        {{ currency_code('accounts.currency_iso_code') }} as currency,
        {%- for field in account_field_names() %}
        {%- if strict %}
        {{ known_field(field, 'customers', 'accounts', 'known') }} as {{ field }},
        {%- else %}
        accounts.{{ field }},
        {%- endif %}
        {%- endfor %}
        {%- for flag in account_known_flags() %}
        {%- if strict %}
        coalesce(not customers.is_strict or known.{{ flag }}, false) as {{ flag }},
        {%- else %}
        true as {{ flag }},
        {%- endif %}
        {%- endfor %}
        accounts._fivetran_synced as synced_at,
        case
            when accounts.id_key is null then 'account without id'
            {%- if in_backtest %}
            when customers.population <> 'shown' and {{ not_blank('accounts.master_record_id') }} is not null
                then 'account merged'
            when customers.population = 'buyers'
                then case when buyers.account_key is null then 'account has bought nothing' end
            when customers.population in ('versions', 'present') and accounts.created_date > {{ as_of('accounts') }}
                then 'account not created yet'
            when customers.population = 'versions'
                then
                    case
                        when not coalesce(known.are_fields_known, false) then 'account inactive'
                        when
                            customers.has_account_type
                            and not {{ counts_by_type(
                                not_blank('known.account_type'), 'customers.account_type_list'
                            ) }}
                            then 'account of another type'
                    end
            {%- endif %}
            when not accounts.is_live and coalesce(accounts.is_deleted or accounts.is_deleted_by_sync, false)
                then 'account deleted'
            when not accounts.is_live then 'account inactive'
            when accounts.is_live_unreadable is not null then accounts.is_live_unreadable
            when {{ not_blank('accounts.master_record_id') }} is not null then 'account merged'
            when
                customers.has_account_type
                and not {{ counts_by_type(not_blank('accounts.account_type'), 'customers.account_type_list') }}
                then 'account of another type'
        end as left_out_reason
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    left join users
        on
            accounts.customer_id = users.customer_id
            and users.is_live
            and {{ salesforce_key('accounts.owner_id') }} = users.id_key
    {%- if strict %}
    left join known
        on
            accounts.customer_id = known.customer_id
            and accounts.id_key = known.account_key
    {%- endif %}
    {%- if in_backtest %}
    left join buyers
        on
            accounts.customer_id = buyers.customer_id
            and accounts.id_key = buyers.account_key
    {%- endif %}
)

select * from final
