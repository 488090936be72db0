{% test known_account(model, to) %}

select rows_of_batch.*
from ({{ of_batch(model) }}) as rows_of_batch
left join ({{ of_batch(to) }}) as accounts
    on
        rows_of_batch.customer_id = accounts.customer_id
        and rows_of_batch.account_id = accounts.account_id
where accounts.account_id is null

{% endtest %}
