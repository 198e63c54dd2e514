"""Rosters in and out: OneRoster bundles and spreadsheets, staged, shown as a difference, applied and undone."""
