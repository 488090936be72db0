{% macro bigquery__replace_rows(arguments, conditions) %}
    {#- One statement: a script of several would need a transaction, and two of those on one table are refused. -#}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
merge into {{ arguments['target_relation'] }} as target_rows
using {{ arguments['temp_relation'] }} as new_rows
on false
when not matched by source and target_rows.{{ conditions | join(' and target_rows.') }} then delete
when not matched then insert ({{ columns }}) values ({{ columns }})
{% endmacro %}


{% macro bigquery__commit_erasure() %}
    {#- Every statement has been committed by itself. -#}
{% endmacro %}


{% macro bigquery__safe_text_cast(text, type) %}
    {{- return('safe_cast(' ~ text ~ ' as ' ~ type ~ ')') -}}
{% endmacro %}


{% macro bigquery__zoned_to_utc(moment) %}
    {{- return("datetime(" ~ moment ~ ", 'UTC')") -}}
{% endmacro %}


{% macro bigquery__text_as_utc(text) %}
    {#- BigQuery asks for seconds, and reads no more than six digits after them. -#}
    {%- set with_seconds = 'regexp_replace(' ~ text ~ ", r'([ T][0-9]{2}:[0-9]{2})(Z|[+-]|$)', r'\\1:00\\2')" -%}
    {%- set short = 'regexp_replace(' ~ with_seconds ~ ", r'([.][0-9]{6})[0-9]+', r'\\1')" -%}
    {{- return("datetime(safe_cast(" ~ short ~ " as timestamp), 'UTC')") -}}
{% endmacro %}


{% macro bigquery__json_as_text(column) %}
    {{- return('json_value(' ~ column ~ ')') -}}
{% endmacro %}


{% macro bigquery__nested_as_text(column) %}
    {{- return('to_json_string(' ~ column ~ ')') -}}
{% endmacro %}


{% macro bigquery__json_kind(column) %}
    {{- return('json_type(' ~ column ~ ')') -}}
{% endmacro %}


{% macro bigquery__trimmed(text) %}
    {{- return('trim(' ~ text ~ ", ' \\t\\n\\v\\f\\r')") -}}
{% endmacro %}


{% macro bigquery__text_literal(value) %}
    {{- return("'" ~ value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") ~ "'") -}}
{% endmacro %}


{% macro bigquery__literal_rows(columns, rows) -%}
    {{- union_of_literals(columns, rows) -}}
{%- endmacro %}


{% macro bigquery__newest(value, time, id, condition) -%}
    {{- return(
        'array_agg(case when ' ~ condition ~ ' then ' ~ value ~ ' end ignore nulls order by '
        ~ time ~ ' desc, ' ~ id ~ ' desc limit 1)[safe_offset(0)]'
    ) -}}
{%- endmacro %}


{% macro bigquery__percentile(expression, fraction) %}
    {#- BigQuery has percentile_cont as a window function only. -#}
    {%- set sorted = 'array_agg(' ~ expression ~ ' ignore nulls order by ' ~ expression ~ ')' -%}
    {%- set place = '(count(' ~ expression ~ ') - 1) * ' ~ fraction -%}
    {%- set low = sorted ~ '[safe_offset(cast(floor(' ~ place ~ ') as int64))]' -%}
    {%- set high = sorted ~ '[safe_offset(cast(ceil(' ~ place ~ ') as int64))]' -%}
    {{- return('(' ~ low ~ ' + (' ~ high ~ ' - ' ~ low ~ ') * (' ~ place ~ ' - floor(' ~ place ~ ')))') -}}
{% endmacro %}


{% macro bigquery__leading_digits(text) %}
    {{- return("safe_cast(regexp_extract(" ~ text ~ ", r'^\\s*([0-9]{1,18})') as int64)") -}}
{% endmacro %}


{% macro bigquery__matches(text, pattern) %}
    {{- return('regexp_contains(' ~ text ~ ", r'" ~ pattern ~ "')") -}}
{% endmacro %}


{% macro bigquery__microseconds_between(earlier, later) %}
    {{- return('datetime_diff(' ~ later ~ ', ' ~ earlier ~ ', microsecond)') -}}
{% endmacro %}


{% macro bigquery__canonical_type(name) %}
    {{- return({
        'string': 'string', 'integer': 'int64', 'float': 'float64', 'boolean': 'bool',
        'date': 'date', 'timestamp': 'datetime', 'exact': 'bignumeric',
    }[name]) -}}
{% endmacro %}


{% macro bigquery__is_zoned(type) %}
    {{- return(type == 'timestamp') -}}
{% endmacro %}


{% macro bigquery__day_partitions(column) %}
    {{- return({'field': column, 'data_type': 'date'}) -}}
{% endmacro %}


{% macro dbt_bigquery_validate_get_incremental_strategy(config) %}
    {#- The adapter's own takes its own strategies alone. -#}
    {{- return(config.get('incremental_strategy')) -}}
{% endmacro %}


{% macro bq_generate_incremental_build_sql(
    strategy, tmp_relation, target_relation, sql, unique_key, partition_by, partitions, dest_columns,
    tmp_relation_exists, copy_partitions, incremental_predicates
) %}
    {%- set arguments = {
        'target_relation': target_relation, 'temp_relation': tmp_relation, 'dest_columns': dest_columns,
    } -%}
    {%- if strategy == 'replace_customer_days' -%}
        {{- return(get_incremental_replace_customer_days_sql(arguments)) -}}
    {%- endif -%}
    {{- return(get_incremental_replace_customers_sql(arguments)) -}}
{% endmacro %}
