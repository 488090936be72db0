-- What the columns of the benchmark's data can hold besides, planted in that of a customer `big` with 200 accounts.
update big_sf.account set is_deleted = true where rowid % 20 = 1;
update big_sf.account set type = if(rowid % 40 = 2, 'Prospect', null) where rowid % 20 = 2;
update big_sf.account set nps_score_c = if(rowid % 40 = 3, 101, null) where rowid % 20 = 3;
update big_sf.account set adoption_score_c = if(rowid % 40 = 4, -1, null) where rowid % 20 = 4;
update big_sf.account set annual_revenue = null where rowid % 40 = 5;
update big_sf.account set is_deleted = null, _fivetran_synced = '2026-11-24 05:00' where rowid % 40 = 6;

update big_sf.contact set is_deleted = true where rowid % 19 = 1;
update big_sf.contact set title = 'Assistant to the CEO' where rowid % 19 = 2;
update big_sf.contact set title = 'MVP of Sales' where rowid % 19 = 3;
update big_sf.contact set title = ' Head of Sales' where rowid % 19 = 4;
update big_sf.contact set title = null where rowid % 19 = 5;
update big_sf.contact set account_id = left(account_id, 15) where rowid % 19 = 6;
update big_sf.contact set account_id = if(rowid % 2 = 0, '001000000000999AAA', null) where rowid % 19 = 7;
update big_sf.contact set title = 'Buyer' where account_id like '%030AAA';

update big_sf.task set is_deleted = true where rowid % 31 = 1;
update big_sf.task set is_closed = if(rowid % 2 = 0, false, null) where rowid % 31 = 2;
update big_sf.task set who_id = if(rowid % 2 = 0, left(who_id, 15), null) where rowid % 31 = 3;
update big_sf.task set completed_date_time = '2026-11-24 06:00' where rowid % 31 = 4;
update big_sf.task set completed_date_time = '2026-10-25 06:00' where rowid % 31 = 5;

update big_sf."case" set is_deleted = true where rowid % 31 = 1;
update big_sf."case" set satisfaction_rating_c = rowid % 2 * 7 where rowid % 31 = 2;
update big_sf."case" set satisfaction_rating_c = null where rowid % 31 = 3;
update big_sf."case" set satisfaction_rating_c = 4.123456 where rowid % 31 = 4;
update big_sf."case" set account_id = if(rowid % 2 = 0, left(account_id, 15), null) where rowid % 31 = 5;
update big_sf."case" set account_id = '001000000000999AAA' where rowid % 31 = 6;
update big_sf."case" set created_date = '2026-11-24 06:00' where rowid % 31 = 7;
update big_sf."case" set created_date = '2026-08-26 06:00' where rowid % 31 = 8;
update big_sf."case" set _fivetran_synced = '2026-11-24 05:30' where rowid % 310 = 9;
update big_sf."case" set satisfaction_rating_c = null where account_id like '%050%';

update big_sf.opportunity set is_deleted = true where rowid % 19 = 1;
update big_sf.opportunity set type = if(rowid % 2 = 0, 'EXISTING business', 'Services') where rowid % 19 = 2;
update big_sf.opportunity set type = null where rowid % 19 = 3;
update big_sf.opportunity set is_won = null where rowid % 19 = 4;
update big_sf.opportunity set amount = if(rowid % 2 = 0, -5000, null) where rowid % 19 = 5;
update big_sf.opportunity set close_date = '2026-11-25' where rowid % 19 = 6;
update big_sf.opportunity set close_date = '2025-11-24' where rowid % 19 = 7;
update big_sf.opportunity set account_id = '001000000000999AAA' where rowid % 19 = 8;
update big_sf.opportunity set account_id = left(account_id, 15) where rowid % 19 = 9;
update big_sf.opportunity set _fivetran_synced = '2026-11-24 05:45' where rowid % 190 = 10;

update big_sn.incident set state = '8 - Cancelled' where rowid % 31 = 1;
update big_sn.incident set state = if(rowid % 2 = 0, ' Canceled ', null) where rowid % 31 = 2;
update big_sn.incident set state = if(rowid % 2 = 0, '8', '18') where rowid % 31 = 3;
update big_sn.incident set priority = if(rowid % 2 = 0, ' 01 - Critical', 'Critical') where rowid % 31 = 4;
update big_sn.incident set priority = if(rowid % 2 = 0, '10', null) where rowid % 31 = 5;
update big_sn.incident set resolved_at = null where rowid % 31 = 6;
update big_sn.incident set resolved_at = '2026-11-24 06:00' where rowid % 31 = 7;
update big_sn.incident set resolved_at = opened_at - interval 3 hours where rowid % 31 = 8;
update big_sn.incident set resolved_at = '2026-11-20' where rowid % 31 = 9;
update big_sn.incident set opened_at = if(rowid % 2 = 0, timestamp '2026-11-24 06:00', null) where rowid % 31 = 10;
update big_sn.incident set made_sla = null where rowid % 31 = 11;
update big_sn.incident set u_customer_account_id = if(rowid % 2 = 0, null, ' ') where rowid % 31 = 12;
update big_sn.incident set u_customer_account_id = ' ' || left(u_customer_account_id, 15) where rowid % 31 = 13;
update big_sn.incident set u_customer_account_id = '001000000000999' || if(rowid % 2 = 0, 'AAA', '') where rowid % 31 = 14;
update big_sn.incident set u_customer_account_id = 'Company no. ' || rowid % 7 where rowid % 310 = 15;
update big_sn.incident set u_customer_account_id = 'Company number no' || rowid % 7 where rowid % 310 = 16;
update big_sn.incident set u_customer_account_id = '001000000000998AAA', state = '8' where rowid % 310 = 17;
update big_sn.incident set _fivetran_synced = '2026-11-24 05:59' where rowid % 310 = 18;
-- An account without any, and one without recent ones.
delete from big_sn.incident where u_customer_account_id like '%047%';
update big_sn.incident set opened_at = '2026-01-05', resolved_at = '2026-01-06' where u_customer_account_id like '%048%';
