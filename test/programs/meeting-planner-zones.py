"""Plans meetings across time zones from the command line: local times, and the best hour for all."""

import argparse
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WORK = time(9), time(17)
WEEKEND = (5, 6)


def zone(name):
    """A time zone by its name, or by the end of it where that is clear: `Shanghai`."""
    for candidate in (name, f"Asia/{name}", f"Europe/{name}", f"America/{name}", f"Australia/{name}"):
        try:
            return ZoneInfo(candidate)
        except ZoneInfoNotFoundError:
            pass
    raise argparse.ArgumentTypeError(f"no time zone {name}")


def positive(text):
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=zone, required=True, metavar="ZONE")
    parser.add_argument("-z", "--zone", type=zone, action="append", default=[], dest="zones")
    parser.add_argument("first", type=datetime.fromisoformat)
    repeat = parser.add_argument_group("repetition")
    repeat.add_argument("--every", type=positive, default=7, help="days between meetings")
    repeat.add_argument("--times", type=positive, default=3)
    rest = parser.add_mutually_exclusive_group()
    rest.add_argument("--no-best", action="store_true")
    rest.add_argument("--length", type=lambda text: timedelta(minutes=positive(text)))
    return parser.parse_args(arguments)


def offset(moment):
    minutes = moment.utcoffset() // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def at_work(moment, length=timedelta(0)):
    """Tells whether somebody is at work for the whole of a meeting."""
    end = moment + length
    within = WORK[0] <= moment.time() and end.time() <= WORK[1] and end.date() == moment.date()
    return within and moment.weekday() not in WEEKEND


def local(moment, other):
    """Goes through UTC, since arithmetic within a zone keeps the wall clock."""
    return moment.astimezone(UTC).astimezone(other)


def hours_of(day, where):
    """Length of a day, which is another one when summer time begins or ends."""
    start, end = (datetime.combine(day + timedelta(days=n), time(), where) for n in (0, 1))
    return (end.astimezone(UTC) - start.astimezone(UTC)) // timedelta(hours=1)


def print_table(options):
    """The wall clock at home stays the same, elsewhere it moves with summer time."""
    before = {}
    for number in range(options.times):
        moment = options.first.replace(tzinfo=options.home) + timedelta(days=options.every) * number
        hours = hours_of(moment.date(), options.home)
        in_utc = moment.astimezone(UTC)
        print(f"{moment:%a %Y-%m-%d %H:%M} {moment.tzname()}, {in_utc:%H:%M} UTC, day of {hours} h")
        for other in options.zones:
            there = local(moment, other)
            days = (there.date() - moment.date()).days
            notes = [f"{days:+} day"] * bool(days) + ["at work"] * at_work(there)
            if before.setdefault(other.key, there.time()) != there.time():
                notes.append("clock changed")
                before[other.key] = there.time()
            print(f"    {there:%H:%M} {offset(there)} {other.key:20} {', '.join(notes)}".rstrip())


def print_best(options):
    length = options.length or timedelta(hours=1)
    zones = [options.home, *options.zones]
    midnight = datetime.combine(options.first.date(), time(), options.home)
    found = []
    for quarter in range(96):
        start = (midnight.astimezone(UTC) + timedelta(minutes=15 * quarter)).astimezone(options.home)
        there = [other.key for other in zones if at_work(local(start, other), length)]
        found.append((-len(there), start, there))
    absent, start, there = min(found)
    print(f"best start on {start:%d %B %Y}: {start:%H:%M} for {length}")
    print(f"at work are {-absent} of {len(zones)}:", ", ".join(sorted(there)))
    equal = [moment for count, moment, _ in found if count == absent]
    print(f"until {equal[-1]:%H:%M}, {len(equal)} starts are as good")


def main():
    options = parse()
    print_table(options)
    if not options.no_best:
        print_best(options)


if __name__ == "__main__":
    main()
