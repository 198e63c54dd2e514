"""Exams: grading scales, the sessions of a term and the papers in them."""
