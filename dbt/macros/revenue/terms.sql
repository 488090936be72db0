{% macro months_after(start, months) -%}
    {#- So many months later: the same day, or the last one of a shorter month. -#}
    {{- return('(' ~ dbt.dateadd('month', months, start) | trim ~ ')') -}}
{%- endmacro %}


{% macro days_after(start, days) -%}
    {{- return('(' ~ dbt.dateadd('day', days, start) | trim ~ ')') -}}
{%- endmacro %}


{% macro months_of_term(lines, start) -%}
    {#- The months of a line that starts at `start`; NULL if it is measured by days. A given end decides: a whole number
        of months after the start counts as those, and one that is not after it gives the default term. -#}
    {%- set end = lines ~ '.given_end' -%}
    {%- set apart = '(extract(year from ' ~ end ~ ') - extract(year from ' ~ start ~ ')) * 12 + extract(month from ' ~ end
        ~ ') - extract(month from ' ~ start ~ ')' -%}
    {%- set months = 'cast(' ~ apart ~ ' as ' ~ canonical_type('integer') ~ ')' -%}
    {%- set month_before = months_after(start, '(' ~ months ~ ' - 1)') -%}
    case
        when {{ end }} is null then {{ lines }}.term_months
        when {{ end }} <= {{ start }} then {{ lines }}.default_months
        when {{ months }} >= 1 and {{ months_after(start, '(' ~ months ~ ')') }} = {{ end }} then {{ months }}
        when
            {{ months }} > 1
            and {{ days_after(month_before, 1) }} = {{ end }}
            and extract(day from {{ month_before }}) < extract(day from {{ start }})
            then {{ months }} - 1
    end
{%- endmacro %}


{% macro end_of_term(lines, start, months) -%}
    {#- The first day after a line that starts at `start` and has so many months. -#}
    case
        when {{ lines }}.given_end > {{ start }} then {{ lines }}.given_end
        else {{ months_after(start, months) }}
    end
{%- endmacro %}


{% macro yearly(lines, amount, arr) -%}
    {#- What a line brings in a year, from its `amount` and its own `arr`, rounded to nine places. -#}
    {%- set amount = 'cast(' ~ amount ~ ' as ' ~ canonical_type('float') ~ ')' -%}
    {%- set days = '(' ~ microseconds_between(lines ~ '.start_date', lines ~ '.given_end') ~ ' / 86400000000.0)' -%}
    {%- set by_term = number_as_exact(
        'case when ' ~ lines ~ '.months is not null then 12 * ' ~ amount ~ ' / ' ~ lines ~ '.months else 365 * ' ~ amount
        ~ ' / nullif(' ~ days ~ ', 0) end'
    ) -%}
    round(coalesce({{ arr }}, {{ by_term }}), 9)
{%- endmacro %}


{% macro stands_apart(renewed, contract) -%}
    {#- Whether both contracts are known and differ. -#}
    coalesce({{ renewed }} <> {{ contract }}, false)
{%- endmacro %}


{% macro early_renewals() -%}
    {#- How many renewals of an account may follow each other, of those that may start when what they renew ends: each
        depends on the one before. Asked of the rows that have just been made. -#}
    {%- set given = var('early_renewals', none) -%}
    {%- if given is not none -%}
        {{- return(given) -}}
    {%- endif -%}
    {%- if not execute or flags.WHICH not in ('build', 'run') or not batch_has_ledger() -%}
        {{- return(1) -}}
    {%- endif -%}
    {%- set asked %}
select coalesce(max(renewal_place), 0) as places
from {{ ref('revenue_terms') }}
where customer_id in ({{ customer_list() }})
    {%- endset -%}
    {{- return([run_query(asked).columns[0].values()[0] | int, 1] | max) -}}
{%- endmacro %}


{% macro earned(lines, start, end) -%}
    {#- What a line earns between two instants at a year's rate, 365 days; 0 if it does not run then. It is the part up to
        the end less the part up to the start, both counted from one instant and rounded: the parts of a line and of its
        renewal are together exactly the whole. `start` and `end` are columns beside the line's. -#}
    {%- set start, end = lines ~ '.' ~ start, lines ~ '.' ~ end -%}
    {%- set until = 'case when ' ~ lines ~ '.until_date < ' ~ end ~ ' then ' ~ lines ~ '.until_date else ' ~ end ~ ' end' -%}
    {%- set since = 'case when ' ~ lines ~ '.start_date > ' ~ start ~ ' then ' ~ lines ~ '.start_date else ' ~ start ~ ' end' -%}
    case
            when
                {{ lines }}.start_date < {{ end }}
                and ({{ lines }}.until_date is null or {{ lines }}.until_date > {{ start }})
                then {{ number_as_exact(earned_until(lines, until)) }} - {{ number_as_exact(earned_until(lines, since)) }}
            else {{ exact(0) }}
        end
{%- endmacro %}


{% macro earned_until(lines, time) -%}
    {#- What a line would earn from the start of both windows to `time`. -#}
    {{- return(
        'cast(' ~ lines ~ '.arr as ' ~ canonical_type('float') ~ ') * ('
        ~ microseconds_between(lines ~ '.ledger_window_start', '(' ~ time ~ ')') ~ ' / 31536000000000.0)'
    ) -}}
{%- endmacro %}
