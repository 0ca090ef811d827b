-- What the application may do, table by table. What is not granted is refused.

grant usage on schema public, assurance to motlan_app;
grant select on all tables in schema public, assurance to motlan_app;
grant usage on all sequences in schema public to motlan_app;

-- history: added to, never rewritten
grant insert on sighting, sighting_payload, sighting_outcome, allocation, journal, ledger_entry, transition, audit, seal,
    party, beneficiary_account, refund_line
    to motlan_app;

-- things with states and settings
grant insert, update on client, person, api_key, agency, beneficiary, merchant_profile, obligation, intent, attempt,
    refund, kase, event_stream, delivery, idempotency
    to motlan_app;
-- of these only what may change: the rest is said once
grant insert on payment, event, event_endpoint to motlan_app;
grant update (reversed, intent_id) on payment to motlan_app;
grant update (sequence, feed_position) on event to motlan_app;
grant update (secret_sealed, old_secret_sealed, disabled_at) on event_endpoint to motlan_app;
grant insert, update, delete on attempt_watch, profile_beneficiary, fee_catalogue, working_day_exception to motlan_app;
grant insert on account, intent_obligation to motlan_app;
grant update (live) on intent_obligation to motlan_app;
grant update on event_feed to motlan_app;
grant insert, delete on unsealed to motlan_app;
-- repeats are kept for 72 h at least, then purged
grant delete on idempotency to motlan_app;

grant usage on schema assurance to motlan_auditor;
grant select on all tables in schema assurance to motlan_auditor;
grant execute on all functions in schema assurance to motlan_auditor, motlan_app;
