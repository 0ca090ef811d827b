-- A credit that reads like a provider's payout and that no settlement claims is a credit like all others when its days are over.

grant update (payout_of) on movement to motlan_app;
