"""Where the day begins: how it goes, what waits, what runs, and finding somebody."""
