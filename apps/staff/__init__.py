"""The people who work at the school, and whom they teach or stand in for."""
