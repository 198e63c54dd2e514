"""A OneRoster bundle, 1.1 or 1.2, bulk or delta: opened, surveyed for what joins its files, and read row by row."""
