{% macro staged(source, table) -%}
    {#- One source table of all customers of the batch, under canonical names and types: the latest row of each key,
        with `is_live` false if the source deleted it. Customers whose tables landed alike are read by the same
        expressions over the union of their tables: 200 customers then cost little more than one. -#}
    {%- set read = staged_columns(source, table) -%}
    {%- set columns, fields, references = read.columns, read.get('fields', {}), read.get('references', []) -%}
    {%- set keyless = read.get('keyless', false) -%}
    {%- set alone, repeating, ranked = [], [], [] -%}
    {%- for customers in customers_alike(source, table) -%}
        {%- set repeats = landed_table(customers[0], source, table).get('repeats', true) -%}
        {%- do ranked.extend(customers if repeats else []) -%}
        {%- set selects = repeating if repeats else alone -%}
        {%- do selects.append(staged_alike(customers, source, table, columns, fields, references)) -%}
    {%- endfor -%}
    {%- set parts = [] -%}
    {%- for selects, customers in [(alone, 0), (repeating, ranked | length)] if selects -%}
        {%- do parts.append(latest(selects | join('\nunion all\n'), customers, keyless)) -%}
    {%- endfor -%}
    {%- if not parts -%}
    {{ staged_nothing(columns, fields, references) }}
    {%- elif parts | length == 1 -%}
    {{ parts[0] }}
    {%- else -%}
select * from (
    {{ parts[0] }}
) as alone
union all
select * from (
    {{ parts[1] }}
) as repeating
    {%- endif -%}
{%- endmacro %}


{% macro staged_columns(source, table) %}
    {#- What is read of a source table: `columns` (canonical name → kind, or landed name and kind), `fields` of the settings,
        which of those are `references` to an account, and whether rows without an id stay, each by itself (`keyless`). -#}
    {{- return(source_columns(source)[table]) -}}
{% endmacro %}


{% macro source_columns(source) %}
    {#- staged_columns() of every table of a source. -#}
    {{- return({'salesforce': salesforce_columns(), 'servicenow': servicenow_columns()}[source]) -}}
{% endmacro %}


{% macro customers_alike(source, table) %}
    {#- The customers of the batch that have a table, in lists of those whose tables landed alike. Asks what landed_table()
        asks, without a call for every customer. -#}
    {%- set alike = {} -%}
    {%- for customer in batch_customers() -%}
        {%- set settings = customer.sources.get(source, {}) -%}
        {%- set landed = settings.get('tables', {}).get(table, {}) -%}
        {%- if settings.get('enabled') and landed.get('status') == 'available' -%}
            {%- do alike.setdefault(landed.get('layout') or customer.key, []).append(customer) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(alike.values() | list) -}}
{% endmacro %}


{% macro union_of_landed(customers, source, table, reads) %}
    {#- The tables of `customers` one below the other: kpi_customer and the columns of `reads`, a list of [landed column,
        kind]. A batch has thousands of tables: the first select alone says what kpi_customer is, and one call quotes all
        keys, which have nothing to escape. -#}
    {%- set parts, names = [], [] -%}
    {%- for column, kind in reads -%}
        {%- do names.append(adapter.quote(column.name)) if adapter.quote(column.name) not in names -%}
    {%- endfor -%}
    {%- set quoted = text_literal(customers | map(attribute='key') | join(' ')).replace(' ', "' '").split(' ') -%}
    {%- for customer in customers -%}
        {%- set key = quoted[loop.index0] -%}
        {%- do parts.append(
            'select ' ~ ('cast(' ~ key ~ ' as ' ~ canonical_type('string') ~ ') as kpi_customer' if loop.first else key)
            ~ ', ' ~ names | join(', ') ~ '\n    from ' ~ landed_relation(customer.sources[source].tables[table])
        ) -%}
    {%- endfor -%}
    {{- return(with_ordered_dates(landed_table(customers[0], source, table), parts | join('\n    union all\n    '), reads)) -}}
{% endmacro %}


{% macro staged_alike(customers, source, table, columns, fields, references) -%}
    {%- set first = customers[0] -%}
    {%- set landed = landed_table(first, source, table) -%}
    {%- set reads = staged_reads(first, source, table, columns, fields, references) -%}
    {%- set system = first.sources[source] -%}
    {%- set landed_id = staged_column(landed, system.key, 'string') -%}
select
    kpi_customer as customer_id,
    {{ landed_id }} as landed_id,
    {{ salesforce_key(not_blank(landed_id)) if system.key_length else landed_id }} as id_key,
    {%- for name, type in columns.items() %}
        {%- set landed_name, kind = (name, type) if type is string else type %}
    {{ staged_reading(landed, table, landed_name, kind, name) }},
    {%- endfor %}
    {%- for field, type in fields.items() %}
        {%- set mapped = mapped_field(first, source, field) %}
        {%- if field in references %}
    {{ staged_reference(landed, table, mapped, field, system.get('link_placeholders', [])) }},
        {%- else %}
    {{ staged_reading(landed, table, mapped, type, field) }},
        {%- endif %}
    {%- endfor %}
    {{ staged_is_live(landed) }} as is_live,
    {{ staged_is_live_unreadable(landed, table) }} as is_live_unreadable,
    {{ staged_column(landed, '_fivetran_synced', 'moment') }} as _fivetran_synced,
    {{ staged_column(landed, '_fivetran_start', 'moment') }} as _fivetran_start
from (
    {{ union_of_landed(customers, source, table, reads) }}
) as landed_alike
{%- endmacro %}


{% macro staged_reads(customer, source, table, columns, fields, references) -%}
    {#- [landed column, kind] of all that is read of a table. -#}
    {%- set landed = landed_table(customer, source, table) -%}
    {%- set wanted = [[customer.sources[source].key, 'string'], ['_fivetran_synced', 'moment'], ['_fivetran_start', 'moment']] -%}
    {%- for flag in staged_flags() -%}
        {%- do wanted.append([flag, 'boolean']) -%}
    {%- endfor -%}
    {%- for name, type in columns.items() -%}
        {%- do wanted.append([name, type] if type is string else type) -%}
    {%- endfor -%}
    {%- for field, type in fields.items() -%}
        {%- set mapped = mapped_field(customer, source, field) or '' -%}
        {%- do wanted.append([mapped, type]) -%}
        {%- do wanted.append([mapped ~ '_value', type]) if mapped and field in references -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- for name, kind in wanted if landed.columns.get(normalised_field(name)) -%}
        {%- do found.append([landed.columns[normalised_field(name)], kind]) -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}


{% macro staged_nothing(columns, fields, references) -%}
select
    {{ literal(none, 'string') }} as customer_id,
    {{ literal(none, 'string') }} as landed_id,
    {{ literal(none, 'string') }} as id_key,
    {%- for name, type in dict(columns, **fields).items() %}
        {%- set kind = type if type is string else type[1] %}
    {{ literal(none, staged_type(kind)) }} as {{ name }},
        {%- if says_what_is_unreadable(kind) or name in references %}
    {{ literal(none, 'string') }} as {{ name }}_unreadable,
        {%- endif %}
    {%- endfor %}
    true as is_live,
    {{ literal(none, 'string') }} as is_live_unreadable,
    {{ literal(none, 'timestamp') }} as _fivetran_synced,
    {{ literal(none, 'timestamp') }} as _fivetran_start,
    1 as version_rank
from (select 1 as nothing) as nothing
where false
{%- endmacro %}


{% macro says_what_is_unreadable(kind) -%}
    {#- Whether a column of this kind has one beside it that says which of its values cannot be read. Text always can, but
        for the id of an account, which a table has among its `references`. -#}
    {{- return(kind not in ('string', 'choice', 'state')) -}}
{%- endmacro %}


{% macro staged_reading(landed, table, landed_name, kind, name) -%}
    {#- A column and, beside it, `<name>_unreadable`: the reason to leave the row out of what needs the column. -#}
    {%- set column = landed.columns.get(normalised_field(landed_name)) -%}
    {{ staged_column(landed, landed_name, kind) }} as {{ name }}
    {%- if says_what_is_unreadable(kind) %},
    {{ unreadable_reason(landed, table, column, kind) }} as {{ name }}_unreadable
    {%- endif -%}
{%- endmacro %}


{% macro staged_column(landed, landed_name, kind) -%}
    {#- A landed column as its canonical type; a typed NULL if it did not land. -#}
    {%- set column = landed.columns.get(normalised_field(landed_name)) -%}
    {%- if not column -%}
        {{- return(literal(none, staged_type(kind))) -}}
    {%- endif -%}
    {{- return(column_reading(landed, column, kind).value) -}}
{%- endmacro %}


{% macro column_reading(landed, column, kind) -%}
    {#- landed_reading() of a column of the table `landed`, in rows with_ordered_dates(). -#}
    {%- if has_ordered_date(landed, column, kind) -%}
        {{- return(landed_reading(ordered_name(column), column.type, kind, dict(landed.formats, date_order='ymd'))) -}}
    {%- endif -%}
    {{- return(landed_reading(adapter.quote(column.name), column.type, kind, landed.get('formats', {}))) -}}
{%- endmacro %}


{% macro unreadable_reason(landed, table, column, kind) -%}
    {#- 'unreadable <table>.<column>' if a value is there and cannot be read; else NULL. The name is in small letters:
        each warehouse has a case of its own for names. -#}
    {%- if column -%}
        {%- set reading = column_reading(landed, column, kind) -%}
        {%- if reading.unreadable -%}
            {%- set reason = text_literal('unreadable ' ~ table ~ '.' ~ (column.name | lower)) -%}
            {{- return('case when ' ~ reading.unreadable ~ ' then ' ~ reason ~ ' end') -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(literal(none, 'string')) -}}
{%- endmacro %}


{% macro staged_reference(landed, table, mapped, name, placeholders) -%}
    {#- The mapped id of an account, else its `_value` form; the first that is there decides, also if it cannot be
        read. Of texts, which always can, nothing is computed to say so. -#}
    {%- set read = namespace(value=none, reason=none) -%}
    {%- for landed_name in [mapped ~ '_value', mapped] if mapped and normalised_field(landed_name) in landed.columns -%}
        {%- set column = landed.columns[normalised_field(landed_name)] -%}
        {%- set value = without_placeholders(staged_column(landed, landed_name, 'string'), placeholders) -%}
        {%- set after = 'case when ' ~ value ~ ' is null then ' ~ read.reason ~ ' end' if read.reason else none -%}
        {%- if column_reading(landed, column, 'string').unreadable -%}
            {%- set reason = unreadable_reason(landed, table, column, 'string') -%}
            {%- set read.value = 'coalesce(' ~ value ~ ', case when ' ~ reason ~ ' is null then ' ~ read.value ~ ' end)' if read.value else value -%}
            {%- set read.reason = 'coalesce(' ~ reason ~ ', ' ~ after ~ ')' if after else reason -%}
        {%- else -%}
            {%- set read.value = 'coalesce(' ~ value ~ ', ' ~ read.value ~ ')' if read.value else value -%}
            {%- set read.reason = after -%}
        {%- endif -%}
    {%- endfor -%}
    {{ read.value or literal(none, 'string') }} as {{ name }},
    {{ read.reason or literal(none, 'string') }} as {{ name }}_unreadable
{%- endmacro %}


{% macro without_placeholders(column_text, placeholders) %}
    {#- A text without blanks around it; NULL if it is blank or one of `placeholders`, which are normalised. Only texts
        of about their length are normalised, which takes its time; ids are longer. -#}
    {%- if not placeholders -%}
        {{- return(not_blank(column_text)) -}}
    {%- endif -%}
    {%- set lengths, cases = [], ["when '' then null"] -%}
    {%- for placeholder in placeholders -%}
        {%- do lengths.append(placeholder | length) -%}
        {%- do cases.append('when ' ~ text_literal(placeholder) ~ ' then null') -%}
    {%- endfor -%}
    {#- No IN, and nothing around the CASE: DuckDB makes a join of a long list, for which it normalises every text, and
        trims each different text once in a branch, but every row of a result. -#}
    {%- set text = 'trim(' ~ column_text ~ ')' -%}
    {{- return(
        'case when length(' ~ text ~ ') > ' ~ (lengths | max + 7) ~ ' then ' ~ text
        ~ ' else case coalesce(' ~ normalised_name(column_text) ~ ", '') " ~ cases | join(' ') ~ ' else ' ~ text ~ ' end end'
    ) -}}
{% endmacro %}


{% macro staged_type(kind) -%}
    {#- The canonical type in which a landed column of this kind is read. -#}
    {{- return({
        'code': 'integer', 'date': 'timestamp', 'moment': 'timestamp', 'state': 'integer', 'duration': 'integer',
        'seconds': 'exact', 'choice': 'string',
    }.get(kind, kind)) -}}
{%- endmacro %}


{% macro staged_flags() -%}
    {#- What says whether a row is there at the source, and what it says if it is NULL or cannot be read. -#}
    {{- return({'is_deleted': false, '_fivetran_deleted': false, '_fivetran_active': true}) -}}
{%- endmacro %}


{% macro staged_is_live(landed) -%}
    {#- Whether the row is there at the source: neither deleted nor a past version of history mode. One whose flag cannot
        be read is there, and says so. -#}
    {%- set conditions = [] -%}
    {%- for name, when_null in staged_flags().items() if normalised_field(name) in landed.columns -%}
        {%- set flag = staged_column(landed, name, 'boolean') -%}
        {%- do conditions.append(('' if when_null else 'not ') ~ 'coalesce(' ~ flag ~ ', ' ~ (when_null | string | lower) ~ ')') -%}
    {%- endfor -%}
    {{- return('(' ~ conditions | join(' and ') ~ ')' if conditions else 'true') -}}
{%- endmacro %}


{% macro staged_is_live_unreadable(landed, table) -%}
    {%- set reasons = [] -%}
    {%- for name in staged_flags() -%}
        {%- do reasons.append(unreadable_reason(landed, table, landed.columns.get(normalised_field(name)), 'boolean')) -%}
    {%- endfor -%}
    {{- return('coalesce(' ~ reasons | join(', ') ~ ')') -}}
{%- endmacro %}


{% macro landed_relation(landed) -%}
    {#- Spelled as the catalogue spells it: Snowflake would read `case` as a keyword, and in capitals. -#}
    {%- if not landed.database -%}
        {#- A relation would say the same in three times the time. -#}
        {{- return(adapter.quote(landed.schema) ~ '.' ~ adapter.quote(landed.identifier)) -}}
    {%- endif -%}
    {{- return(api.Relation.create(
        database=landed.database, schema=landed.schema, identifier=landed.identifier,
        quote_policy={'schema': true, 'identifier': true},
    )) -}}
{%- endmacro %}
