{% macro custom_aggregates(events, side) -%}
    {#- Every aggregate of one side (numerator, denominator) of the custom KPIs, by account. -#}
    select
        customer_id,
        account_key,
        kpi,
        count(*) as all_rows,
        count(distinct {{ side }}_text) as distinct_values,
        count({{ side }}_text) as texts,
        count({{ side }}_number) as numbers,
        cast(sum({{ side }}_number) as {{ canonical_type('float') }}) as total,
        cast(min({{ side }}_number) as {{ canonical_type('float') }}) as least,
        cast(max({{ side }}_number) as {{ canonical_type('float') }}) as greatest,
        {{ percentile('cast(' ~ side ~ '_number as ' ~ canonical_type('float') ~ ')', 0.5) }} as median
    from {{ events }}
    where left_out_reason is null and in_{{ side }}
    group by customer_id, account_key, kpi
{%- endmacro %}


{% macro custom_aggregate_value(sums, aggregate) -%}
    {#- The aggregate that a definition names. Counts and sums of nothing are 0, all else of nothing is NULL. -#}
    case {{ aggregate }}
            when 'count' then coalesce({{ sums }}.all_rows, 0)
            when 'count_distinct' then coalesce({{ sums }}.distinct_values, 0)
            when 'sum' then coalesce({{ sums }}.total, 0)
            when 'avg' then {{ sums }}.total / nullif({{ sums }}.numbers, 0)
            when 'min' then {{ sums }}.least
            when 'max' then {{ sums }}.greatest
            when 'median' then {{ sums }}.median
        end
{%- endmacro %}


{% macro custom_aggregate_rows(sums, aggregate) -%}
    {#- How many rows that aggregate was taken over. -#}
    coalesce(
            case {{ aggregate }}
                when 'count' then {{ sums }}.all_rows
                when 'count_distinct' then {{ sums }}.texts
                else {{ sums }}.numbers
            end,
            0
        )
{%- endmacro %}
