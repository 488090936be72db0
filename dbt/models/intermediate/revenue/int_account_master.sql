{%- set doublings = 5 -%}
with

accounts as (
    select
        customer_id,
        id_key,
        landed_id,
        is_live,
        {{ salesforce_key(not_blank('master_record_id')) }} as master_key
    from {{ ref('stg_salesforce__account') }}
    where id_key is not null
),

masters_0 as (
    select
        customer_id,
        id_key,
        master_key
    from accounts
    where master_key is not null
),

-- After n doublings: the record 2^n merges on, or the last one.
{%- for n in range(doublings) %}
masters_{{ n + 1 }} as (
    select
        nearer.customer_id,
        nearer.id_key,
        coalesce(farther.master_key, nearer.master_key) as master_key
    from masters_{{ n }} as nearer
    left join masters_{{ n }} as farther
        on
            nearer.customer_id = farther.customer_id
            and nearer.master_key = farther.id_key
),
{%- endfor %}

followed as (
    select
        accounts.customer_id,
        accounts.id_key,
        coalesce(masters.master_key, accounts.id_key) as master_key
    from accounts
    left join masters_{{ doublings }} as masters
        on
            accounts.customer_id = masters.customer_id
            and accounts.id_key = masters.id_key
),

-- Who has a master after so many merges is in a cycle.
final as (
    select
        followed.customer_id,
        followed.id_key,
        masters.id_key as account_key,
        masters.landed_id as account_id
    from followed
    inner join accounts as masters
        on
            followed.customer_id = masters.customer_id
            and followed.master_key = masters.id_key
    {%- if batch_is_backtest() %}
    inner join {{ ref('int_customer') }} as customers on followed.customer_id = customers.customer_id
    where masters.master_key is null and (masters.is_live or customers.population <> 'shown')
    {%- else %}
    where masters.is_live and masters.master_key is null
    {%- endif %}
)

select * from final
