"""The office: a school's admin in the browser, its pages of the day, and the door that leads there."""
