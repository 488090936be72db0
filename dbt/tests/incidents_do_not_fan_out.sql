-- Rows in = rows out: every incident opened in the window is in kpi_measures exactly once, counted or left out.
with

incidents as (
    select * from {{ ref('stg_servicenow__incident') }}
),

tasks as (
    select * from {{ ref('stg_servicenow__task') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'support_ticket_volume' and gap is null
),

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

rows_in as (
    select
        incidents.customer_id,
        count(*) as row_count
    from incidents
    inner join settings on incidents.customer_id = settings.customer_id
    left join tasks
        on
            incidents.customer_id = tasks.customer_id
            and incidents.id_key = tasks.id_key
    where
        coalesce(incidents.opened_at, tasks.opened_at) >= settings.window_start
        and coalesce(incidents.opened_at, tasks.opened_at) < settings.window_end
    group by incidents.customer_id
),

rows_out as (
    select
        customer_id,
        sum(row_count) as row_count
    from measures
    where kpi = 'support_ticket_volume'
    group by customer_id
)

select
    settings.customer_id,
    rows_in.row_count as rows_in,
    rows_out.row_count as rows_out
from settings
left join rows_in on settings.customer_id = rows_in.customer_id
left join rows_out on settings.customer_id = rows_out.customer_id
where coalesce(rows_in.row_count, 0) <> coalesce(rows_out.row_count, 0)
