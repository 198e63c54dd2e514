"""What a school tells people: messages on each channel, how they are worded and wanted, and announcements."""
