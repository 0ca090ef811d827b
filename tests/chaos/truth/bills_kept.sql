-- Of every bill's payment that was decided, a call is kept byte for byte.
select b.transaction_no as payment, format('%s: told %s and not kept', b.channel, case when b.paid then 'paid' else 'refused' end) as difference
from truth.bill b
where (b.paid or b.returned) and not exists (
    select from assurance.sighting s join truth.bill_call c on c.digest = s.payload_sha256
    where s.source like 'bill:%' and not c.forged and c.transaction_no = b.transaction_no and c.channel = b.channel)
