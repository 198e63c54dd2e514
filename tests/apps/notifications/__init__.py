"""Tests of what a school tells people."""
