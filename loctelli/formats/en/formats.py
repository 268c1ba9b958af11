"""How the console writes dates: short, unmistakable on both sides of the Atlantic, and sorting well in the head."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
MONTH_DAY_FORMAT = "j M"
