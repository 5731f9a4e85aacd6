"""Keeps a library's loans in an SQLite database: joins, aggregates, window functions, recursion, rollback."""

import sqlite3
from contextlib import closing

SCHEMA = """
    create table shelf (id integer primary key, name text not null, parent integer references shelf);
    create table book (
        id integer primary key,
        title text not null unique,
        shelf integer not null references shelf,
        copies integer not null check (copies >= 0)
    );
    create table loan (
        book integer not null references book,
        reader text not null,
        day text not null,
        returned text,
        constraint order_of_days check (returned is null or returned >= day)
    );
    create index loan_by_book on loan (book, day);
    create trigger take_copy after insert on loan when new.returned is null begin
        update book set copies = copies - 1 where id = new.book;
    end;
"""
SHELVES = [
    *((1, "Library", None), (2, "Science", 1), (5, "Fiction", 1)),
    *((3, "Mathematics", 2), (4, "Physics", 2)),
]
BOOKS = [
    (1, "Elements", 3, 2),
    (2, "Principia", 4, 1),
    (3, "Middlemarch", 5, 3),
    (4, "红楼梦", 5, 2),
    (5, "Opticks", 4, 1),
]
LOANS = [
    (1, "Ada", "2024-01-03", "2024-01-17"),
    (1, "Emmy", "2024-02-01", "2024-02-11"),
    (2, "Ada", "2024-01-20", "2024-03-20"),
    (3, "Bo", "2024-01-05", "2024-01-12"),
    (3, "Ada", "2024-02-02", None),
    (3, "Emmy", "2024-02-20", "2024-03-01"),
    (4, "Bo", "2024-01-15", "2024-02-14"),
    (4, "Emmy", "2024-03-03", None),
]


class Longest:
    """An aggregate of our own: the longest of several texts, the first of equals in the alphabet."""

    def __init__(self):
        self.texts = []

    def step(self, text):
        self.texts.append(text)

    def finalize(self):
        return min(self.texts, key=lambda text: (-len(text), text))


def show(database, title, query, *parameters):
    print(title)
    for row in database.execute(query, parameters):
        print("  " + " | ".join(f"{key} {row[key]}" for key in row.keys()))


def refuse(database, why, statement, *parameters):
    """Tries what must not work, within a transaction that had already changed something."""
    try:
        with database:
            database.execute("update book set copies = copies + 100")
            database.execute(statement, parameters)
    except sqlite3.IntegrityError as error:
        print(f"{why}: {error}")


def main(database):
    database.row_factory = sqlite3.Row
    database.create_aggregate("longest", 1, Longest)
    database.execute("pragma foreign_keys = on")
    database.executescript(SCHEMA)
    with database:
        database.executemany("insert into shelf values (?, ?, ?)", SHELVES)
        database.executemany("insert into book values (?, ?, ?, ?)", BOOKS)
        database.executemany("insert into loan values (?, ?, ?, ?)", LOANS)

    show(database, "loans of each book", """
        select title, count(reader) as loans, copies as here, coalesce(
            (select reader from loan where book = id order by day desc limit 1), 'nobody') as last
        from book left join loan on book = id group by id order by loans desc, title""")
    show(database, "readers", """
        select reader, count(*) as loans, sum(returned is null) as open, longest(title) as longest,
            cast(avg(julianday(returned) - julianday(day)) as integer) as days
        from loan join book on book = id group by reader having loans > 1 order by reader""")
    show(database, "months", """
        select substr(day, 1, 7) as month, count(*) as loans,
            sum(count(*)) over (order by substr(day, 1, 7)) as so_far
        from loan group by month""")
    show(database, "pauses between loans of a book", """
        select title, reader, cast(julianday(day) - julianday(before) as integer) as days from (
            select book, reader, day, lag(returned) over (partition by book order by day) as before
            from loan) join book on id = book where before is not null order by days""")
    show(database, "shelves with all below them", """
        with recursive below (top, shelf) as (
            select id, id from shelf
            union all select top, id from below join shelf on parent = below.shelf)
        select name, count(title) as titles from below join shelf on shelf.id = top
        left join book on book.shelf = below.shelf group by top order by titles desc, name""")

    refuse(database, "no such book", "insert into loan values (?, ?, ?, ?)", 9, "Bo", "2024-04-01", None)
    refuse(database, "same title", "insert into book values (?, ?, ?, ?)", 6, "Elements", 3, 1)
    refuse(database, "back too early", "update loan set returned = '2024-01-01' where reader = ?", "Bo")
    print("copies here:", database.execute("select sum(copies) from book").fetchone()[0])


with closing(sqlite3.connect(":memory:")) as connection:
    main(connection)
