"""The API of campuses, their years and calendar, and what is taught."""
