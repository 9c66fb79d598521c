"""The pytest side of the ledger: options, binding of specs to claims, outcomes of cases, verdicts of the run."""
