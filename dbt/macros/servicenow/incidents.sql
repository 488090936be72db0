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
        when linked.link_unreadable is not null then linked.link_unreadable
        when linked.account_key is null then 'no account'
        when linked.is_cancelled then 'cancelled'
        when linked.is_child then 'child'
    end as left_out_reason
from (
    select
        {{ records }}.*,
        coalesce(
            {{- ' account_links.account_key,' if batch_has_account_links() }}
            {{ salesforce_key(records ~ '.linked_id') }},
            company_accounts.account_key
        ) as account_key
    from {{ records }}
    {%- if batch_has_account_links() %}
    left join {{ ref('int_account_link') }} as account_links
        on
            {{ records }}.customer_id = account_links.customer_id
            and {{ salesforce_key(records ~ '.linked_id') }} = account_links.linked_key
    {%- endif %}
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


{% macro batch_has_account_links() %}
    {#- Whether accounts that only ServiceNow knew were accepted as accounts of Salesforce; true while dbt parses. -#}
    {{- return(account_link_rows() | length > 0 or not execute) -}}
{% endmacro %}


{% macro batch_has_children() %}
    {#- Whether a customer of the batch may have incidents that a parent of the same account stands for; true while dbt
        parses, like batch_has(). -#}
    {%- for customer in batch_customers() if customer.get('facts', {}).get('child_incidents') == 'same_account' -%}
        {%- for table in ['incident', 'task'] if landed_column(customer, 'servicenow', table, 'parent_incident_value') -%}
            {{- return(true) -}}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(not execute) -}}
{% endmacro %}


{% macro takes_ten_years(opened_at, later) %}
    {#- Why a duration of more than ten years (87,660 hours) cannot be read: one of its ends is wrong. -#}
    {{- return(
        'case when ' ~ microseconds_between(opened_at, later) ~ " > 315576000000000 then 'unreadable incident.opened_at' end"
    ) -}}
{% endmacro %}


{% macro is_in_earliest_window() -%}
    {#- Whether an incident may be in a window of any customer of the batch. A condition without a join is one that
        the warehouse applies while it reads. -#}
    {%- set starts = [] -%}
    {%- for row in kpi_setting_rows() if row.source == 'servicenow' and row.window_start -%}
        {%- do starts.append(row.window_start) -%}
    {%- endfor -%}
    {%- set conditions = [] -%}
    {%- for time in ['opened_at', 'responded_at', 'ended_at', 'due_decided_at', 'reopening_judged_at'] if starts -%}
        {%- do conditions.append(time ~ ' >= ' ~ timestamp_literal(starts | min)) -%}
    {%- endfor -%}
    {%- do conditions.append('all_unreadable is not null') -%}
    {%- set earlier = is_in_earlier_days() -%}
    {%- if earlier -%}
        {%- do conditions.append(earlier) -%}
    {%- endif -%}
    {{- return('(' ~ conditions | join(' or ') ~ ')') -}}
{%- endmacro %}


{% macro is_in_earlier_days() -%}
    {#- Whether an incident may be in the days before its window that the churn risk of the scheme standard looks at;
        none if nobody has it. The others' incidents of so long ago are not read. -#}
    {%- set keys, profiles = [], [] -%}
    {%- for customer in batch_customers() if customer.get('facts', {}).get('health_scheme') == 'standard' -%}
        {%- do keys.append(text_literal(customer.key)) -%}
        {%- do profiles.append(customer.facts.kpi_profile) -%}
    {%- endfor -%}
    {%- set day = modules.datetime.timedelta(days=1) -%}
    {%- set starts = [as_of_datetime() - 210 * day] -%}
    {%- for row in kpi_setting_rows() if row.kpi == 'support_ticket_volume' and row.kpi_profile in profiles -%}
        {%- do starts.append(utc_datetime(row.window_start) - 90 * day) -%}
    {%- endfor -%}
    {{- return(
        '(opened_at >= ' ~ timestamp_literal(starts | min) ~ ' and customer_id in (' ~ keys | join(', ') ~ '))'
        if keys else none
    ) -}}
{%- endmacro %}


{% macro unreadable_facts() %}
    {#- What says of an incident why a KPI or rate cannot read it. -#}
    {{- return([
        'opening_unreadable', 'response_unreadable', 'resolution_unreadable', 'rating_unreadable', 'due_unreadable',
        'made_unreadable', 'escalation_unreadable', 'priority_unreadable', 'reopening_unreadable',
        'business_unreadable', 'sla_unreadable',
    ]) -}}
{% endmacro %}


{% macro all_unreadable() %}
    {#- All of these as one text; NULL if the incident can be read, as almost all can: incidents are summed by it, and
        nine more keys would cost more than the sums. -#}
    {%- set reasons = unreadable_facts() -%}
    {{- return(
        'case when coalesce(' ~ reasons | join(', ') ~ ") is not null then coalesce("
        ~ reasons | join(", '') || '|' || coalesce(") ~ ", '') end"
    ) -}}
{% endmacro %}


{% macro one_unreadable(reason) %}
    {#- One of the reasons in all_unreadable. -#}
    {{- return('nullif(' ~ dbt.split_part('all_unreadable', "'|'", unreadable_facts().index(reason) + 1) ~ ", '')") -}}
{% endmacro %}


{% macro is_incident_rating(rating) -%}
    {#- Whether a rating of an incident lies on its customer's scale. What differs between customers stands in the SQL:
        to join their settings to every incident would cost more. -#}
    {%- set scales = {} -%}
    {%- set profiles = {} -%}
    {%- for row in kpi_setting_rows() if row.kpi == 'support_satisfaction' -%}
        {%- do profiles.update({row.kpi_profile: (row.lowest_rating, row.highest_rating)}) -%}
    {%- endfor -%}
    {%- for customer in batch_customers() if profiles -%}
        {%- do scales.setdefault(profiles[customer.facts.kpi_profile], []).append(customer.key) -%}
    {%- endfor -%}
    {%- if scales | length < 2 -%}
        {%- set lowest, highest = scales.keys() | first | default((1, 5), true) -%}
        {{- is_rating(rating, lowest, highest) -}}
    {%- else -%}
    case
            {%- for (lowest, highest), customers in scales.items() %}
            when customer_id in (
                {%- for customer in customers %}{{ text_literal(customer) }}{{ ', ' if not loop.last }}{% endfor -%}
            ) then {{ is_rating(rating, lowest, highest) }}
            {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}


{% macro incident_sums(
    kpi, rows, numerator, unreadable=none, denominator=none, refused=none, basis=none, least=none, greatest=none,
    counting_only=false
) -%}
    {#- Columns of linked as rows of kpi_measures. The denominator is the rows; `unreadable` and `refused` are why they do
        not count, if nothing else is; `basis` is what they are measured by, if the customer has a choice. Counts that no
        one sees are `counting_only`: what was left out of them would be told of what nobody knows. -#}
    {%- set reasons = ['left_out_reason'] + ([one_unreadable(unreadable)] if unreadable else []) + (["'" ~ refused ~ "'"] if refused else []) %}
    select
        customer_id,
        account_key,
        '{{ kpi }}' as kpi,
        {{ 'coalesce(' ~ reasons | join(', ') ~ ')' if reasons | length > 1 else reasons[0] }} as left_out_reason,
        {{ literal(basis, 'string') }} as basis,
        {{ rows }} as row_count,
        coalesce({{ exact(numerator) }}, 0) as numerator,
        {{ exact(rows if denominator is none else denominator) }} as denominator,
        {{ least or literal(none, 'exact') }} as least,
        {{ greatest or literal(none, 'exact') }} as greatest
    from linked
    where {{ rows }} > 0{{ ' and left_out_reason is null' if counting_only }}
{%- endmacro %}


{% macro readable_percent(part, whole, unreadable) -%}
    {#- A percentage of columns of summed; NULL if too many rows cannot be read. -#}
    case
                    when not {{ too_many_unreadable('summed.' ~ unreadable, 'summed.' ~ whole) }}
                        then {{ percent('summed.' ~ part, 'summed.' ~ whole) }}
                end
{%- endmacro %}
