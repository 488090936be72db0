{% macro clamped(score) -%}
    {#- A score on 0 to 100; what lies outside is brought to the edge. -#}
    case when {{ score }} < 0 then 0 when {{ score }} > 100 then 100 else {{ score }} end
{%- endmacro %}


{% macro health_weights(category) %}
    {#- The inputs of a category with their weights in it: numbers, or columns where the scheme standard moves weight
        from growth to retention. -#}
    {%- set moved = ('revenue_growth', 'net_revenue_retention') if batch_has_fact('health_scheme', 'standard') else () -%}
    {%- set weights = {} -%}
    {%- for one in health_catalogue() if one.category == category -%}
        {%- do weights.update({one.name: one.name ~ '_weight' if one.name in moved else one.weight}) -%}
    {%- endfor -%}
    {{- return(weights) -}}
{% endmacro %}


{% macro known_weight(weights) -%}
    {#- The weights (input → weight) of the inputs that are known. -#}
    {%- for input, weight in weights.items() -%}
    case when {{ input }} is null then 0 else {{ weight }} end{{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro known_mean(weights, known) -%}
    {#- The weighted mean of the inputs that are known; NULL without any. -#}
    case
            when {{ known }} > 0
                then (
                    {%- for input, weight in weights.items() -%}
                    {{ weight }} * coalesce({{ input }}, 0){{ ' + ' if not loop.last }}
                    {%- endfor -%}
                ) / {{ known }}
        end
{%- endmacro %}


{% macro input_score(input, value) -%}
    {#- A value on 0 to 100: by the formula of the scheme classic, or by its curve. -#}
    {%- if batch_has_fact('health_scheme', 'standard') -%}
        case
            when {{ value }} is null then null
            when customers.health_scheme = 'standard' then {{ curved(input, value) }}
            else {{ classic_score(input, value) }}
        end
    {%- else -%}
        {{ classic_score(input, value) }}
    {%- endif -%}
{%- endmacro %}


{% macro classic_score(input, value) -%}
    {#- The formula of kpis.md. -#}
    {{ clamped({
        'nps': '(' ~ value ~ ' + 100) / 2',
        'csat': '(' ~ value ~ ' - 1) / 4 * 100',
        'executive_engagement': value ~ ' / 10 * 100',
        'net_revenue_retention': value ~ ' / 150 * 100',
        'churn_risk': '100 - ' ~ value,
        'support_satisfaction': '(' ~ value ~ ' - 1) / 4 * 100',
        'first_response_time': '100 - ' ~ value ~ ' / 24 * 100',
        'resolution_time': '100 - ' ~ value ~ ' / 120 * 100',
    }.get(input, value)) }}
{%- endmacro %}


{% macro curved(input, value) -%}
    {#- The score of a value that is not NULL, on the curve of the input: linear between its points, flat outside. -#}
    {%- for one in health_catalogue() if one.name == input -%}
        case
            when {{ value }} <= {{ one.curve[0][0] }} then {{ one.curve[0][1] }}
            {%- for point in one.curve[1:] -%}
                {%- set before = one.curve[loop.index0] %}
            when {{ value }} < {{ point[0] }}
                then
                    {{ before[1] }}
                    + ({{ value }} - ({{ before[0] }})) / {{ point[0] - before[0] }} * ({{ point[1] - before[1] }})
            {%- endfor %}
            else {{ one.curve[-1][1] }}
        end
    {%- endfor -%}
{%- endmacro %}


{% macro contribution(input) -%}
    {#- The points of the health score that come from one input. -#}
    {%- for one in health_catalogue() if one.name == input -%}
    case
            when is_covered and {{ input }} is not null and {{ one.category }}_known > 0
                then
                    {{ one.category }}_weight / categories_weight
                    * {{ health_weights(one.category)[input] }} / {{ one.category }}_known * {{ input }}
        end
    {%- endfor -%}
{%- endmacro %}
