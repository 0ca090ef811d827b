-- Who made the keys that were there before keys said so: the audit trail knows. Whoever was shown a portal's key decides
-- nothing that this portal proposes.

update api_key k set made_by = a.actor
from audit a
where k.made_by is null and a.action in ('key_created', 'key_rotated')
  and split_part(a.subject, ' ', 1) = assurance.text_id('key', k.id);
