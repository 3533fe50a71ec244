"""Years and days of the Gregorian calendar."""

LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    """Whether a year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """How many days a month (1 to 12) has."""
    if month == 2 and is_leap(year):
        return 29
    return LENGTHS[month - 1]


def day_of_year(year: int, month: int, day: int) -> int:
    """The number of a day in its year; 1 January is 1."""
    return sum(days_in_month(year, each) for each in range(1, month)) + day


def century(year: int) -> int:
    """The century of a year: 1900 is in the 19th, 1901 in the 20th."""
    return (year - 1) // 100 + 1
