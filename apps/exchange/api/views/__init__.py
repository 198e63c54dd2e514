"""The API of rosters in and out, and of marks by spreadsheet."""
