-- Who was not told that a receipt was issued is not told of its end, and nobody is told that one was issued which has ended: such a
-- mail is given up, with its reason.
alter table receipt_mail drop constraint receipt_mail_state_check;
alter table receipt_mail add constraint receipt_mail_state_check
    check (state in ('queued', 'sent', 'refused', 'parked', 'no_address', 'dropped'));
