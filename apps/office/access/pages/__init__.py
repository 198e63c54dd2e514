"""Pages that let people in and say what they may."""
