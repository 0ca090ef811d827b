-- Credits that a bank marks as reversals are few; whether the debit that one of them reverses is known by now is asked whenever an
-- account is matched.
create index movement_marked_credit on movement (account_code, booking_date) where direction = 'in' and reversal;
