"""The ledger and the campaigns: pure decisions."""
