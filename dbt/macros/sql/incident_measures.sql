{% macro incident_measures() %}
    {#- What an incident adds to each KPI and rate of ServiceNow. `kpi` (with `sla_source`, where only the one in force
        counts) is in the window of `window_of` at `time`, where `condition` on the customer and its settings holds. It
        adds 1 to the numerator where `counts` holds, or `sums`; and `denominator`. It is left out for the `refused`
        reason where that condition holds. -#}
    {%- set responded = microseconds_between('opened_at', 'responded_at') -%}
    {%- set resolved = microseconds_between('opened_at', 'ended_at') -%}
    {%- set due = due_decided_at() -%}
    {{- return([
        {
            'name': 'opened', 'kpi': 'support_ticket_volume', 'window_of': 'support_ticket_volume',
            'condition': 'settings.gap is null', 'time': 'opened_at', 'counts': 'true', 'denominator': 0,
        },
        {
            'name': 'responded', 'kpi': 'first_response_time', 'window_of': 'first_response_time',
            'condition': 'settings.gap is null', 'time': 'responded_at', 'sums': responded, 'denominator': 1,
            'refused': ['negative', 'responded_at < opened_at'],
        },
        {
            'name': 'resolved', 'kpi': 'resolution_time', 'window_of': 'resolution_time',
            'condition': 'settings.gap is null', 'time': 'ended_at', 'sums': resolved, 'denominator': 1,
            'refused': ['negative', 'ended_at < opened_at'],
        },
        {
            'name': 'rated', 'kpi': 'support_satisfaction', 'window_of': 'support_satisfaction',
            'condition': 'settings.gap is null',
            'time': 'case when satisfaction_rating is not null then ended_at end',
            'sums': 'satisfaction_rating', 'denominator': 1,
            'refused': ['out of range', 'not ' ~ is_rating('satisfaction_rating')],
        },
        {
            'name': 'due', 'kpi': 'sla_compliance', 'sla_source': 'sla_due', 'window_of': 'sla_compliance',
            'condition': "settings.gap is null and customers.sla_setting in ('auto', 'sla_due')",
            'time': 'case when ' ~ due ~ ' < ' ~ as_of() ~ ' then ' ~ due ~ ' end',
            'counts': 'ended_at <= sla_due', 'denominator': 1,
        },
        {
            'name': 'made', 'kpi': 'sla_compliance', 'sla_source': 'made_sla', 'window_of': 'sla_compliance',
            'condition': "settings.gap is null and customers.sla_setting in ('auto', 'made_sla')",
            'time': 'case when made_sla is not null then ended_at end',
            'counts': 'made_sla', 'denominator': 1,
        },
        {
            'name': 'escalated', 'kpi': 'escalation_rate', 'window_of': 'support_ticket_volume',
            'condition': 'customers.has_escalation', 'time': 'opened_at', 'counts': 'escalation > 0', 'denominator': 1,
        },
        {
            'name': 'critical', 'kpi': 'critical_issues_count', 'window_of': 'support_ticket_volume',
            'condition': 'customers.has_priority', 'time': 'opened_at', 'counts': 'priority = 1', 'denominator': 1,
        },
        {
            'name': 'reopened', 'kpi': 'ticket_reopen_rate', 'window_of': 'resolution_time',
            'condition': 'customers.has_reopen_count', 'time': 'ended_at', 'counts': 'reopen_count > 0',
            'denominator': 1,
        },
    ]) -}}
{% endmacro %}


{% macro is_in_earliest_window() -%}
    {#- Of a record of int_incident_record: whether it may be in the window of any customer of the batch. A condition
        without a join is one that the warehouse applies while it reads. -#}
    {%- set measures, starts = incident_measures(), [] -%}
    {%- set windows = measures | map(attribute='window_of') | list -%}
    {%- for row in kpi_setting_rows() if row.kpi in windows and row.window_start -%}
        {%- do starts.append(row.window_start) -%}
    {%- endfor -%}
    {%- set conditions = [] -%}
    {%- for time in ['opened_at', 'responded_at', 'ended_at', due_decided_at()] if starts -%}
        {%- do conditions.append(time ~ ' >= ' ~ timestamp_literal(starts | min)) -%}
    {%- endfor -%}
    {{- return('(' ~ (conditions | join(' or ') or 'false') ~ ')') -}}
{%- endmacro %}


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


{% macro incident_measure_parts(measure) %}
    {#- What counts of a measure and what is refused: the prefix of its columns, and a further condition. -#}
    {%- if not measure.refused -%}
        {{- return([(measure.name, '')]) -}}
    {%- endif -%}
    {%- set condition = measure.refused[1] -%}
    {{- return([
        (measure.name, ' and not (' ~ condition ~ ')'),
        (measure.name ~ '_refused', ' and ' ~ condition),
    ]) -}}
{% endmacro %}


{% macro incident_window_starts() -%}
    {#- Columns: where the window of each measure begins. Reads settings (int_kpi_setting) and customers. -#}
    {%- for measure in incident_measures() %}
max(case when settings.kpi = '{{ measure.window_of }}' and {{ measure.condition }} then settings.window_start end)
    as {{ measure.name }}_from{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro incident_events() -%}
    {#- Row by row: one for each measure and incident in its window. Reads incidents and windows. -#}
    {%- for measure in incident_measures() %}
        {%- if not loop.first %}
union all
        {%- endif %}
select
    incidents.customer_id,
    incidents.account_key,
    '{{ measure.kpi }}' as kpi,
    'servicenow.incident' as source_table,
    incidents.sys_id as source_id,
    {{ measure.time }} as event_time,
    {{ exact(measure.sums or 'case when ' ~ measure.counts ~ ' then 1 else 0 end') }} as numerator,
    {{ exact(measure.denominator) }} as denominator,
        {%- if measure.refused %}
    coalesce(
        incidents.left_out_reason, case when {{ measure.refused[1] }} then '{{ measure.refused[0] }}' end
    ) as left_out_reason,
        {%- else %}
    incidents.left_out_reason,
        {%- endif %}
    {{ literal(measure.sla_source or none, 'string') }} as sla_source
from incidents
inner join windows on incidents.customer_id = windows.customer_id
where {{ measure.time }} >= windows.{{ measure.name }}_from
    {%- endfor %}
{%- endmacro %}


{% macro incident_measure_sums() -%}
    {#- Columns: rows and numerator of each part of each measure. Reads records of incidents, and windows. -#}
    {%- set columns = [] -%}
    {%- for measure in incident_measures() -%}
        {%- set in_window = measure.time ~ ' >= windows.' ~ measure.name ~ '_from' -%}
        {%- for prefix, condition in incident_measure_parts(measure) -%}
            {%- set case = 'case when ' ~ in_window ~ condition -%}
            {%- do columns.append('count(' ~ case ~ ' then 1 end) as ' ~ prefix ~ '_rows') -%}
            {%- if measure.sums -%}
                {%- do columns.append('sum(' ~ case ~ ' then ' ~ exact(measure.sums) ~ ' end) as ' ~ prefix ~ '_numerator') -%}
            {%- else -%}
                {%- do columns.append('count(' ~ case ~ ' and ' ~ measure.counts ~ ' then 1 end) as ' ~ prefix ~ '_numerator') -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- columns | join(',\n        ') -}}
{%- endmacro %}


{% macro incident_measure_rows() -%}
    {#- The columns of incident_measure_sums as rows of kpi_measures. Reads linked. -#}
    {%- set selects = [] -%}
    {%- for measure in incident_measures() -%}
        {%- for prefix, condition in incident_measure_parts(measure) -%}
            {%- set reason = 'left_out_reason' if loop.first
                else "coalesce(left_out_reason, '" ~ measure.refused[0] ~ "')" -%}
            {%- do selects.append("select
        customer_id,
        account_key,
        '" ~ measure.kpi ~ "' as kpi,
        " ~ reason ~ " as left_out_reason,
        " ~ literal(measure.sla_source or none, 'string') ~ " as sla_source,
        " ~ prefix ~ "_rows as row_count,
        " ~ exact(prefix ~ '_numerator') ~ " as numerator,
        " ~ exact(prefix ~ '_rows' if measure.denominator else 0) ~ " as denominator
    from linked
    where " ~ prefix ~ "_rows > 0") -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- selects | join('\n    union all\n    ') -}}
{%- endmacro %}
