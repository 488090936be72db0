with

-- In history mode the version that was valid at as_of says what the fields held then.
valid_then as (
    select
        *,
        row_number() over (
            partition by customer_id, id_key
            order by _fivetran_start desc, _fivetran_synced desc, {{ bytewise('landed_id') }} desc
        ) as place
    from {{ ref('stg_salesforce__account_version') }}
    where
        id_key is not null
        and _fivetran_start <= {{ as_of() }}
        and ({{ as_of() }} < _fivetran_end or _fivetran_end is null)
),

versions as (
    select * from valid_then
    where place = 1
),

-- Else what a run recorded shortly before; a recorded NULL is known, too.
recorded as (
    select
        *,
        row_number() over (partition by customer_id, account_key, kpi order by as_of desc) as place
    from (
        {{ recorded_values() }}
    ) as recorded_values
),

records as (
    select
        customer_id,
        {%- for kpi, field in recorded_fields().items() %}
        max(case when kpi = '{{ kpi }}' then value end) as {{ field }},
        max(case when kpi = '{{ kpi }}' then 1 else 0 end) = 1 as is_{{ field }}_known,
        {%- endfor %}
        account_key
    from recorded
    where place = 1
    group by customer_id, account_key
),

accounts as (
    select
        accounts.customer_id,
        accounts.id_key
    from {{ ref('stg_salesforce__account') }} as accounts
    inner join {{ ref('int_customer') }} as customers
        on
            accounts.customer_id = customers.customer_id
            and customers.is_strict
    where accounts.id_key is not null
),

final as (
    select
        accounts.customer_id,
        accounts.id_key as account_key,
        versions.id_key is not null as are_fields_known,
        {%- for field in recorded_fields().values() %}
        coalesce(versions.id_key is not null or records.is_{{ field }}_known, false) as is_{{ field }}_known,
        {%- endfor %}
        {%- for field, kind in account_fields().items() %}
        {%- if field in recorded_fields().values() %}
        case when versions.id_key is not null then versions.{{ field }} else records.{{ field }} end as {{ field }},
        {%- else %}
        versions.{{ field }},
        {%- endif %}
        {%- if says_what_is_unreadable(kind) %}
        versions.{{ field }}_unreadable,
        {%- endif %}
        {%- endfor %}
        versions.account_type
    from accounts
    left join versions
        on
            accounts.customer_id = versions.customer_id
            and accounts.id_key = versions.id_key
    left join records
        on
            accounts.customer_id = records.customer_id
            and accounts.id_key = records.account_key
)

select * from final
