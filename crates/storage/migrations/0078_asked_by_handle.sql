-- A provider that answers later gives a handle of the request: by it, too, it can be asked what became of an attempt.
alter table attempt add column provider_handle text;

-- Somebody without proof said that there may be news. What comes while the provider is being asked counts after it.
alter table attempt_watch add column hinted_at timestamptz;
