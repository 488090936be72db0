"""Texts that mean something to those who read settings: templates, SQL, YAML, shells, printf."""

HOSTILE_TEXTS = (
    "{{ 7*7001 }}",
    "{{ env_var('KPI_SESSION_KEY') }}",
    "{% raw %}",
    "{% do exceptions.raise_compiler_error('here') %}",
    "{#",
    "'; drop table kpi.kpi_values; --",
    "a\"b'c`d\\",
    "line\nand line",
    "${HOME} $HOME %(x)s %s :x ?",
    "!!python/object:os.system [a: &b",
)
EFFECT = "49007"
"""What the first of them comes to if it is rendered."""
