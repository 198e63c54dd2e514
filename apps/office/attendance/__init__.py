"""Rolls, the grid, the week, the late desk, the register, codes, leave, and the teacher's /roll."""
