-- The trace in which an intent was opened (W3C Trace Context, `traceparent`), so that whatever later happens to it, in
-- whatever process, joins it. Null where nothing was traced. It decides nothing and is told to nobody but the collector
-- and, in the header of that name, the receiver of an event.

alter table intent add column traceparent text constraint intent_traceparent_form check (length(traceparent) = 55);
-- of its intent: a report finds the attempt first
alter table attempt add column traceparent text constraint attempt_traceparent_form check (length(traceparent) = 55);
-- of what caused it
alter table event add column traceparent text constraint event_traceparent_form check (length(traceparent) = 55);
