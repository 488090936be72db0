select * from {{ ref('int_case_rating') }}
union all
select * from {{ ref('int_executive_touch') }}
union all
select * from {{ ref('int_won_amount') }}
union all
select * from {{ ref('int_incident_event') }}
