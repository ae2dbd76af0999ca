"""Pure functions over a run's records: figures, tables, verdicts, comparisons, diffs."""
