{% macro batch_has_custom_kpis() %}
    {#- Whether a customer of the batch has any; like batch_has(), true while dbt parses. -#}
    {%- for customer in batch_customers() if customer.get('custom_kpis') -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(not execute) -}}
{% endmacro %}


{% macro custom_kpis_of(source) %}
    {#- [customer, definition] of every custom KPI of the batch that can be computed from `source`. -#}
    {%- set found = [] -%}
    {%- for customer in batch_customers() -%}
        {%- for definition in customer.get('custom_kpis') or [] -%}
            {%- if definition.source == source and definition.setting.gap is none -%}
                {%- do found.append([customer, definition]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro custom_setting_rows() %}
    {#- A row of int_custom_setting by name for each customer and custom KPI. -#}
    {%- set rows = [] -%}
    {%- for customer in batch_customers() -%}
        {%- for definition in customer.get('custom_kpis') or [] -%}
            {%- do rows.append(dict(definition.setting, customer_id=customer.key)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}


{% macro custom_rows(source) -%}
    {#- The rows that the custom KPIs of a source look at: what passes their filters in their windows. -#}
    {%- set selects = [] -%}
    {%- for customer, definition in custom_kpis_of(source) -%}
        {%- do selects.append(custom_kpi_rows(customer, definition)) -%}
    {%- endfor -%}
    {{ selects | join('\nunion all\n') if selects else custom_nothing() }}
{%- endmacro %}


{% macro custom_nothing() -%}
    {%- set columns = {
        'customer_id': 'string', 'kpi': 'string', 'source_table': 'string', 'source_id': 'string',
        'id_key': 'string', 'account_id': 'string', 'who_id': 'string', 'event_time': 'timestamp',
        'in_numerator': 'boolean', 'numerator_number': 'exact', 'numerator_text': 'string',
        'in_denominator': 'boolean', 'denominator_number': 'exact', 'denominator_text': 'string',
        'is_live': 'boolean', 'unreadable_reason': 'string',
    } -%}
    {{ literal_rows(columns, []) }}
{%- endmacro %}


{% macro custom_kpi_rows(customer, definition) -%}
    {%- set reads = custom_reads(definition) -%}
    {%- set readings, conditions, event_time = reads.readings, reads.conditions, reads.event_time -%}
    {%- set numerator, denominator = reads.numerator, reads.denominator -%}
    {%- set unreadable = custom_unreadable(conditions, [numerator, denominator], event_time, readings) -%}
    {%- set references = ['account_id', 'who_id'] if definition.table not in ('account', 'incident') else [] -%}
select
    customer_id,
    {{ text_literal(definition.slug) }} as kpi,
    {{ text_literal(definition.source ~ '.' ~ definition.table) }} as source_table,
    landed_id as source_id,
    id_key,
    {{ 'account_id' if references else literal(none, 'string') }} as account_id,
    {{ 'who_id' if references else literal(none, 'string') }} as who_id,
    {{ event_time or literal(none, 'timestamp') }} as event_time,
    coalesce({{ numerator.passes }}, false) as in_numerator,
    {{ numerator.number }} as numerator_number,
    {{ numerator.text }} as numerator_text,
    {{ 'coalesce(' ~ denominator.passes ~ ', false)' if denominator else 'false' }} as in_denominator,
    {{ denominator.number if denominator else literal(none, 'exact') }} as denominator_number,
    {{ denominator.text if denominator else literal(none, 'string') }} as denominator_text,
    is_live,
    {{ unreadable }} as unreadable_reason
from (
    {{ custom_records(customer, definition, readings, references) }}
) as records
where
    coalesce({{ conditions }}, true)
    {%- if event_time and definition.window_days %}
    and {{ is_looked_at(event_time, event_time ~ '_unreadable', days_before_as_of(definition.window_days)) }}
    and ({{ event_time }} < {{ as_of() }} or {{ event_time }} is null)
    {%- elif event_time %}
    and ({{ event_time }} < {{ as_of() }} or {{ event_time }} is null)
    {%- endif %}
{%- endmacro %}


{% macro custom_reads(definition) %}
    {#- What a definition reads of a record: its filters, its measures (`denominator`: of a ratio), its time, and the
        `readings` that all of them need. -#}
    {%- set readings = {} -%}
    {%- set is_ratio = definition.aggregate == 'ratio' -%}
    {{- return({
        'readings': readings,
        'conditions': custom_conditions(definition.filters, readings),
        'numerator': custom_measure(definition.numerator if is_ratio else definition, readings, is_ratio),
        'denominator': custom_measure(definition.denominator, readings, true) if is_ratio else none,
        'event_time': custom_reading(definition.time_field, 'time', readings) if definition.time_field else none,
    }) -}}
{% endmacro %}


{% macro custom_kinds(customer, source, table) %}
    {#- [landed name, kind] of all that the customer's custom KPIs read of a table; those of incidents read the class
        table, too. -#}
    {%- set found = [] -%}
    {%- for definition in customer.get('custom_kpis') or [] if definition.source == source and definition.setting.gap is none -%}
        {%- if table == definition.table or (table == 'task' and definition.table == 'incident') -%}
            {%- for reading in custom_reads(definition).readings.values() -%}
                {%- do found.append([reading.field, custom_kind(reading.kind)]) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro custom_kind(kind) %}
    {#- As what a landed column is read if a definition wants this kind of value. -#}
    {{- return({'number': 'float', 'exact': 'exact', 'text': 'string', 'boolean': 'boolean', 'time': 'timestamp'}[kind]) -}}
{% endmacro %}


{% macro custom_unreadable(conditions, measures, event_time, readings) %}
    {#- Why a row cannot be read: its time, what a filter compares if the rest does not decide, or what is measured. -#}
    {%- set undecided, measured = [conditions ~ ' is null'], [] -%}
    {%- for measure in measures if measure -%}
        {%- do undecided.append(measure.passes ~ ' is null') -%}
        {%- do measured.extend(measure.reasons) -%}
    {%- endfor -%}
    {%- set reasons = [] -%}
    {%- for reading in readings.values() -%}
        {%- do reasons.append('field_' ~ reading.place ~ '_unreadable') -%}
    {%- endfor -%}
    {%- do measured.append('is_live_unreadable') -%}
    {%- if reasons -%}
        {%- do measured.insert(0, 'case when ' ~ undecided | join(' or ') ~ ' then coalesce(' ~ (reasons + ['null']) | join(', ') ~ ') end') -%}
    {%- endif -%}
    {%- if event_time -%}
        {#- A row without time counts if there is no window. -#}
        {%- do measured.insert(0, event_time ~ '_unreadable') -%}
    {%- endif -%}
    {{- return('coalesce(' ~ measured | join(', ') ~ ', null)') -}}
{% endmacro %}


{% macro custom_measure(measure, readings, is_side) %}
    {#- Which rows a measure takes, and what it reads of them as number and as text. -#}
    {%- set is_text = measure.aggregate == 'count_distinct' -%}
    {%- set passes = custom_conditions(measure.filters, readings) if is_side else 'true' -%}
    {%- set reasons = [] -%}
    {%- if measure.field -%}
        {%- set read = custom_reading(measure.field, 'text' if is_text else 'exact', readings) -%}
        {%- do reasons.append('case when ' ~ passes ~ ' then ' ~ read ~ '_unreadable end') -%}
    {%- endif -%}
    {{- return({
        'passes': passes,
        'reasons': reasons,
        'number': custom_reading(measure.field, 'exact', readings) if measure.field and not is_text else literal(none, 'exact'),
        'text': custom_reading(measure.field, 'text', readings) if measure.field and is_text else literal(none, 'string'),
    }) -}}
{% endmacro %}


{% macro custom_reading(field, kind, readings) %}
    {#- The name under which a record has `field` as `kind`; notes in `readings` that it must have it. -#}
    {%- set place = readings.get(field ~ ' ' ~ kind, {}).get('place', readings | length) -%}
    {%- do readings.update({field ~ ' ' ~ kind: {'place': place, 'field': field, 'kind': kind}}) -%}
    {{- return('field_' ~ place) -}}
{% endmacro %}


{% macro custom_records(customer, definition, readings, references) -%}
    {#- The latest record of each id with the readings; an incident with those of its class table beside it. -#}
    {%- if definition.table == 'incident' and landed_table(customer, 'servicenow', 'task') -%}
select
    incidents.customer_id,
    incidents.landed_id,
    incidents.id_key,
        {%- for reading in readings.values() %}
            {%- set columns = ['incidents.field_' ~ reading.place, 'tasks.field_' ~ reading.place] %}
    {{ first_there(columns) }} as field_{{ reading.place }},
    {{ first_there_unreadable(columns) }} as field_{{ reading.place }}_unreadable,
        {%- endfor %}
    incidents.is_live,
    coalesce(incidents.is_live_unreadable, tasks.is_live_unreadable) as is_live_unreadable
from (
    {{ custom_latest(customer, 'servicenow', 'incident', readings, references) }}
) as incidents
left join (
    {{ custom_latest(customer, 'servicenow', 'task', readings, references) }}
) as tasks
    on incidents.id_key = tasks.id_key
    {%- else -%}
    {{ custom_latest(customer, definition.source, definition.table, readings, references) }}
    {%- endif -%}
{%- endmacro %}


{% macro custom_latest(customer, source, table, readings, references) -%}
    {{ latest(
        custom_landed(customer, source, table, readings, references),
        1 if landed_table(customer, source, table).get('repeats', true) else 0
    ) }}
{%- endmacro %}


{% macro custom_landed(customer, source, table, readings, references) -%}
    {%- set landed = landed_table(customer, source, table) -%}
    {%- set system = customer.sources[source] -%}
    {%- set landed_id = staged_column(landed, system.key, 'string') -%}
    {%- set reads = [] -%}
    {%- for name, kind in [['_fivetran_synced', 'moment'], ['_fivetran_start', 'moment']] if normalised_field(name) in landed.columns -%}
        {%- do reads.append([landed.columns[normalised_field(name)], kind]) -%}
    {%- endfor -%}
    {%- for reading in readings.values() if normalised_field(reading.field) in landed.columns -%}
        {%- do reads.append([landed.columns[normalised_field(reading.field)], custom_kind(reading.kind)]) -%}
    {%- endfor -%}
select
    cast({{ text_literal(customer.key) }} as {{ canonical_type('string') }}) as customer_id,
    {{ landed_id }} as landed_id,
    {{ salesforce_key(landed_id) if system.key_length else landed_id }} as id_key,
    {%- for reading in readings.values() %}
        {%- set column = landed.columns.get(normalised_field(reading.field)) %}
    {{ staged_column(landed, reading.field, custom_kind(reading.kind)) }} as field_{{ reading.place }},
    {{ unreadable_reason(landed, table, column, custom_kind(reading.kind)) }} as field_{{ reading.place }}_unreadable,
    {%- endfor %}
    {%- for reference in references %}
    {{ staged_column(landed, reference, 'string') }} as {{ reference }},
    {%- endfor %}
    {{ staged_is_live(landed) }} as is_live,
    {{ staged_is_live_unreadable(landed, table) }} as is_live_unreadable,
    {{ staged_column(landed, '_fivetran_synced', 'moment') }} as _fivetran_synced,
    {{ staged_column(landed, '_fivetran_start', 'moment') }} as _fivetran_start
from (
    {{ with_ordered_dates(landed, 'select * from ' ~ landed_relation(landed), reads) }}
) as landed_rows
{%- endmacro %}
