create schema if not exists redshift_compat;

grant usage on schema redshift_compat to public;

create or replace function redshift_compat.getdate() returns timestamp language sql
as $$ select now() at time zone 'UTC' $$;

-- Redshift counts the boundaries that were crossed.
create or replace function redshift_compat.datediff(unit text, earlier timestamp, later timestamp)
returns bigint immutable language sql as $$
select case lower(unit)
    when 'day' then later::date - earlier::date
    when 'hour' then extract(epoch from date_trunc('hour', later) - date_trunc('hour', earlier)) / 3600
    when 'minute' then extract(epoch from date_trunc('minute', later) - date_trunc('minute', earlier)) / 60
    when 'second' then extract(epoch from date_trunc('second', later) - date_trunc('second', earlier))
    when 'microsecond' then extract(epoch from later - earlier) * 1000000
end::bigint
$$;

create or replace function redshift_compat.pg_get_late_binding_view_cols() returns setof record language sql
as $$ select ''::name, ''::name, ''::name, ''::varchar, 0 where false $$;

create or replace view redshift_compat.svv_external_columns as
select
    ''::text as schemaname, ''::text as tablename, ''::text as columnname, 0 as columnnum,
    ''::text as external_type
where false;

create or replace view redshift_compat.svv_table_info as
select
    current_database()::text as "database", schemaname::text as "schema", tablename::text as "table",
    0::bigint as table_id, 'N'::text as encoded, 'AUTO(ALL)'::text as diststyle, ''::text as sortkey1,
    0 as max_varchar, ''::text as sortkey1_enc, 0 as sortkey_num, 0::bigint as size, 0::numeric as pct_used,
    0::bigint as empty, 0::numeric as unsorted, 0::numeric as stats_off, 0::numeric as tbl_rows,
    0::numeric as skew_sortkey1, 0::numeric as skew_rows, 0::numeric as estimated_visible_rows,
    ''::text as risk_event, 0::numeric as vacuum_sort_benefit
from pg_tables
where false;

grant select on all tables in schema redshift_compat to public;
