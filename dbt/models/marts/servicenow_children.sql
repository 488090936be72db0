{%- if not batch_has_children() -%}
{{ literal_rows({'customer_id': 'string', 'sys_id': 'string', 'parent_sys_id': 'string', 'as_of': 'timestamp'}, []) }}
{%- else -%}
with

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),

records as (
    select
        customer_id,
        sys_id,
        parent_sys_id,
        linked_id,
        link_unreadable,
        company_value,
        is_live,
        is_cancelled,
        false as is_child
    from {{ ref('int_incident_record') }}
    where child_incidents = 'same_account' and is_live and not is_cancelled
),

children as (
    select * from records
    where parent_sys_id is not null
),

-- Few incidents are children or have some: those alone are linked.
related as (
    select * from children
    union all
    select records.*
    from records
    inner join (
        select distinct
            customer_id,
            parent_sys_id
        from children
    ) as named
        on
            records.customer_id = named.customer_id
            and records.sys_id = named.parent_sys_id
    where records.parent_sys_id is null
),

linked as (
    {{ linked_incidents('related') }}
),

final as (
    select
        children.customer_id,
        children.sys_id,
        children.parent_sys_id,
        {{ as_of('children') }} as as_of
    from linked as children
    inner join linked as parents
        on
            children.customer_id = parents.customer_id
            and children.parent_sys_id = parents.sys_id
            and children.account_key = parents.account_key
    where children.is_linked and parents.is_linked
)

select * from final
{%- endif %}
