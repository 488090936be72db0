-- Each table is summed by the account that it names; then the sums are linked.
create temp table cases as
with

sums as (
    select
        left(account_id, 15) as linked_key,
        coalesce(is_deleted, false) as is_deleted,
        max(_fivetran_synced) as synced_at,
        count(rating) filter (is_in_range) as rated,
        sum(rating) filter (is_in_range) as ratings,
        min(rating) filter (is_in_range) as least_rating,
        max(rating) filter (is_in_range) as greatest_rating,
        count(rating) filter (not is_in_range) as refused,
        sum(rating) filter (not is_in_range) as refused_ratings,
        min(rating) filter (not is_in_range) as least_refused,
        max(rating) filter (not is_in_range) as greatest_refused
    from (
        select
            *,
            case
                when created_date >= days_before_as_of(90)
                    then try_cast(satisfaction_rating_c as decimal(38, 12))
            end as rating,
            satisfaction_rating_c between 0.999999999 and 5.000000001 as is_in_range
        from big_sf."case"
        where created_date < as_of()
    ) as existing
    group by all
)

select
    sums.*,
    accounts.account_key,
    case
        when sums.is_deleted then 'deleted'
        when accounts.account_key is null then 'no account'
        else accounts.left_out_reason
    end as left_out_reason
from sums
left join accounts on sums.linked_key = accounts.account_key;

create temp table opportunities as
with

sums as (
    select
        left(account_id, 15) as linked_key,
        coalesce(is_deleted, false) as is_deleted,
        coalesce(is_won, false) as is_won,
        max(_fivetran_synced) as synced_at,
        count(*) filter (is_current or is_prior) as closed,
        count(*) filter ((is_current or is_prior) and not is_recurring) as closed_once,
        count(*) filter (is_current and is_recurring and not is_retained) as closed_new,
        coalesce(sum(amount) filter (is_current), 0)::decimal(38, 12) as revenue,
        coalesce(sum(amount) filter (is_current and is_retained), 0)::decimal(38, 12) as revenue_retained,
        coalesce(sum(amount) filter (is_prior), 0)::decimal(38, 12) as prior_revenue,
        coalesce(sum(amount) filter (is_prior and not is_recurring), 0)::decimal(38, 12) as prior_revenue_once,
        min(growth) filter (is_current or is_prior)::decimal(38, 12) as least_growth,
        max(growth) filter (is_current or is_prior)::decimal(38, 12) as greatest_growth,
        min(retained) filter (is_kept)::decimal(38, 12) as least_retained,
        max(retained) filter (is_kept)::decimal(38, 12) as greatest_retained
    from (
        select
            *,
            close_date >= days_before_as_of(365) as is_current,
            close_date >= days_before_as_of(730) and not is_current as is_prior,
            coalesce(lower(type) in (
                'renewal', 'existing customer - replacement', 'upsell', 'cross-sell', 'expansion',
                'existing customer - upgrade', 'existing business'
            ), false) as is_retained,
            is_retained or coalesce(lower(type) in ('new business', 'new customer'), false) as is_recurring,
            coalesce(if(is_current, amount, -amount), 0) as growth,
            coalesce(if(is_current, amount, 0), 0) as retained,
            (is_current and is_retained) or (is_prior and is_recurring) as is_kept
        from big_sf.opportunity
        where close_date < as_of()
    ) as existing
    group by all
)

select
    sums.*,
    accounts.account_key,
    case
        when sums.is_deleted then 'deleted'
        when accounts.account_key is null then 'no account'
        when accounts.left_out_reason is not null then accounts.left_out_reason
        when not sums.is_won then 'not won'
    end as left_out_reason
from sums
left join accounts on sums.linked_key = accounts.account_key;

create temp table touches as
with

contacts as (
    select
        left(contact.id, 15) as contact_key,
        accounts.account_key,
        case
            when contact.is_deleted then 'contact deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
            when
                not coalesce(
                    regexp_matches(
                        lower(contact.title),
                        '(^|[^a-z0-9_])'
                        || '(vp|svp|evp|avp|vice president|director|president|chief|ceo|cfo|coo|cto|cio|cmo|cro|ciso|cso|cpo|head of)'
                        || '($|[^a-z0-9_])'
                    )
                    and not contains(lower(contact.title), 'assistant to'),
                    false
                )
                then 'contact is no executive'
        end as left_out_reason
    from big_sf.contact
    left join accounts on left(contact.account_id, 15) = accounts.account_key
),

tasks as (
    select
        left(who_id, 15) as contact_key,
        case
            when is_deleted then 'deleted'
            when not coalesce(is_closed, false) then 'not completed'
        end as left_out_reason,
        count(*) as tasks
    from big_sf.task
    where completed_date_time >= days_before_as_of(30) and completed_date_time < as_of()
    group by all
)

select
    contacts.account_key,
    coalesce(tasks.left_out_reason, contacts.left_out_reason) as left_out_reason,
    sum(tasks.tasks)::bigint as touches
from tasks
inner join contacts on tasks.contact_key = contacts.contact_key
group by all;
