"""What a school prints: lists of students by section."""
