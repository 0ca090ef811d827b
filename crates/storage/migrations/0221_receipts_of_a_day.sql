-- The day's data for the tax office (Decree 254/2026 Art. 29(3)(b)): what was issued on a day, and what ended on it.

alter table receipt add column ended_on date generated always as (
    case when status in ('replaced', 'cancelled') then (updated_at at time zone interval '+07:00')::date end) stored;
create index receipt_of_day on receipt (issued_on);
create index receipt_ended_on on receipt (ended_on) where ended_on is not null;
