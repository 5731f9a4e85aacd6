# expect {"status": "ok", "output": "[(2, 'b'), (1, 'a')] 1\nkept False\n0.3 0.142857142857142857142857142857 1/3\n2024-01-01T20:00:00+08:00", "error": ""}
# A database in memory and in a file, temporary files, exact numbers, time zones.
import datetime, decimal, fractions, os, sqlite3, tempfile, zoneinfo

for name in (":memory:", "data.db"):
    db = sqlite3.connect(name)
    db.execute("create table t (n integer, s text)")
    db.executemany("insert into t values (?, ?)", [(1, "a"), (2, "b")])
    db.commit()
rows = db.execute("select * from t order by n desc").fetchall()
print(rows, sqlite3.connect("data.db").execute("select count(*) from t where n > 1").fetchone()[0])

with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w+", dir=folder) as file:
    file.write("kept")
    file.flush()
    text = open(file.name).read()
print(text, os.path.exists(folder))

decimal.getcontext().prec = 30
print(decimal.Decimal("0.1") + decimal.Decimal("0.2"), decimal.Decimal(1) / 7, fractions.Fraction(2, 6))

noon = datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.UTC)
print(noon.astimezone(zoneinfo.ZoneInfo("Asia/Shanghai")).isoformat())
