-- Source tables of a customer whose newest row was synced more than a day before as_of.
{{ old_sources() }}
