{% macro kpi_status(measured, minimum, maximum) -%}
    {#- The status of a measured value; `gap`, `unreadable_count`, `sample_size` and `is_stale` are columns beside it. -#}
    case
            when gap is not null then gap
            when {{ too_many_unreadable('unreadable_count', 'sample_size') }} then 'unreadable'
            when {{ measured }} is null then 'no_data'
            when {{ measured }} < {{ minimum }} - 1e-9 or {{ measured }} > {{ maximum }} + 1e-9 then 'out_of_range'
            when is_stale then 'stale'
            else 'ok'
        end
{%- endmacro %}
