"""Rolls of the day and of periods, what the office adds, and the days that follow from them."""
