-- Rows in = rows out: every incident opened in the window is in kpi_measures exactly once, counted or left out.
with

incidents as (
    select * from {{ ref('stg_servicenow__incident') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'support_ticket_volume' and gap is null
),

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),
{%- if batch_has('servicenow', 'task') %}

opened as (
    select
        incidents.customer_id,
        coalesce(
            incidents.opened_at,
            case when incidents.opened_at_unreadable is null then tasks.opened_at end
        ) as opened_at,
        coalesce(
            incidents.opened_at_unreadable,
            case when incidents.opened_at is null then tasks.opened_at_unreadable end
        ) as opened_at_unreadable
    from incidents
    left join {{ ref('stg_servicenow__task') }} as tasks
        on
            incidents.customer_id = tasks.customer_id
            and incidents.id_key = tasks.id_key
),
{%- else %}

opened as (
    select
        customer_id,
        opened_at,
        opened_at_unreadable
    from incidents
),
{%- endif %}

rows_in as (
    select
        opened.customer_id,
        count(*) as row_count
    from opened
    inner join settings on opened.customer_id = settings.customer_id
    where
        (opened.opened_at >= settings.window_start and opened.opened_at < settings.window_end)
        or opened.opened_at_unreadable is not null
    group by opened.customer_id
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
