{% macro linked_incidents(records) -%}
    {#- Incidents, or groups of those that name the same account, linked to it. Reads the CTEs accounts
        (int_salesforce_account) and company_accounts (int_company_account). -#}
select
    linked.*,
    accounts.account_key is not null as is_salesforce_account,
    linked.account_key is not null and accounts.left_out_reason is null as is_linked,
    case
        when not linked.is_live then 'deleted'
        when accounts.left_out_reason is not null then accounts.left_out_reason
        when linked.account_key is null then 'no account'
        when linked.is_cancelled then 'cancelled'
        when linked.is_child then 'child'
    end as left_out_reason
from (
    select
        {{ records }}.*,
        coalesce({{ salesforce_key(records ~ '.linked_id') }}, company_accounts.account_key) as account_key
    from {{ records }}
    left join company_accounts
        on
            {{ records }}.customer_id = company_accounts.customer_id
            and {{ records }}.company_value = company_accounts.company_sys_id
) as linked
left join accounts
    on
        linked.customer_id = accounts.customer_id
        and linked.account_key = accounts.account_key
{%- endmacro %}


{% macro is_in_earliest_window() -%}
    {#- Whether an incident may be in a window of any customer of the batch. A condition without a join is one that
        the warehouse applies while it reads. -#}
    {%- set starts = [] -%}
    {%- for row in kpi_setting_rows() if row.source == 'servicenow' and row.window_start -%}
        {%- do starts.append(row.window_start) -%}
    {%- endfor -%}
    {%- set conditions = [] -%}
    {%- for time in ['opened_at', 'responded_at', 'ended_at', 'due_decided_at'] if starts -%}
        {%- do conditions.append(time ~ ' >= ' ~ timestamp_literal(starts | min)) -%}
    {%- endfor -%}
    {{- return('(' ~ (conditions | join(' or ') or 'false') ~ ')') -}}
{%- endmacro %}


{% macro incident_sums(kpi, rows, numerator, denominator=none, refused=none, sla_source=none) -%}
    {#- Columns of linked as rows of kpi_measures. The denominator is the rows; `refused` is why they do not count,
        where nothing else is. -#}
    select
        customer_id,
        account_key,
        '{{ kpi }}' as kpi,
        {{ "coalesce(left_out_reason, '" ~ refused ~ "')" if refused else 'left_out_reason' }} as left_out_reason,
        {{ literal(sla_source, 'string') }} as sla_source,
        {{ rows }} as row_count,
        {{ exact(numerator) }} as numerator,
        {{ exact(rows if denominator is none else denominator) }} as denominator
    from linked
    where {{ rows }} > 0
{%- endmacro %}
