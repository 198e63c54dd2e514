"""Schools to look at: two small ones, and the volume of a large one."""
