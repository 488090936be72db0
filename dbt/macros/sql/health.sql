{% macro clamped(score) -%}
    {#- A score on 0 to 100; what lies outside is brought to the edge. -#}
    case when {{ score }} < 0 then 0 when {{ score }} > 100 then 100 else {{ score }} end
{%- endmacro %}


{% macro health_weights(category) %}
    {#- The inputs of a category with their weights in it. -#}
    {%- set weights = {} -%}
    {%- for one in health_catalogue() if one.category == category -%}
        {%- do weights.update({one.name: one.weight}) -%}
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


{% macro contribution(input) -%}
    {#- The points of the health score that come from one input. -#}
    {%- for one in health_catalogue() if one.name == input -%}
    case
            when is_covered and {{ input }} is not null
                then
                    {{ one.category }}_weight / categories_weight
                    * {{ one.weight }} / {{ one.category }}_known * {{ input }}
        end
    {%- endfor -%}
{%- endmacro %}
