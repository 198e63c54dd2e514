"""The roster written out: a OneRoster 1.2 bundle that comes in again as “unchanged”, and our templates filled in."""
