{%- set doublings = 5 -%}
with

ancestors_0 as (
    select
        customer_id,
        sys_id,
        parent_sys_id as ancestor_sys_id
    from {{ ref('servicenow_children') }}
    where customer_id in ({{ customer_list() }})
),

-- After n doublings: the ancestor 2^n generations back.
{%- for n in range(doublings) %}
ancestors_{{ n + 1 }} as (
    select
        nearer.customer_id,
        nearer.sys_id,
        farther.ancestor_sys_id
    from ancestors_{{ n }} as nearer
    inner join ancestors_{{ n }} as farther
        on
            nearer.customer_id = farther.customer_id
            and nearer.ancestor_sys_id = farther.sys_id
),
{%- endfor %}

-- Whoever is an ancestor after so many generations, and has a parent itself, is in a cycle.
members as (
    select distinct
        customer_id,
        ancestor_sys_id as sys_id
    from ancestors_{{ doublings }}
),

final as (
    select
        children.customer_id,
        children.sys_id
    from ancestors_0 as children
    left join members
        on
            children.customer_id = members.customer_id
            and children.sys_id = members.sys_id
    where members.sys_id is null
)

select * from final
