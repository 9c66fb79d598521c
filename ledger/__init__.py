"""What becomes of a spec's outcome: registry, verdicts, records, terminal document. Imports no torch."""
