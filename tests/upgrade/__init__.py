"""Schools that an earlier release made are brought up to this one, and work a day there."""
