"""4 Nov 2026."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y, H:i"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "j M"
# What the model admins and the families' pages take beside what browsers send: nothing that may be two days.
DATE_INPUT_FORMATS = ["%d %b %Y", "%d %B %Y"]
