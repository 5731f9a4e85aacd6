# expect {"status": "ok", "output": "[(3,)] wal", "error": ""}
import sqlite3
db = sqlite3.connect("x.db")
mode = db.execute("pragma journal_mode=wal").fetchone()[0]
db.execute("create table t (a)")
db.executemany("insert into t values (?)", [(1,), (2,)])
db.commit()
with sqlite3.connect("x.db") as other:
    print(other.execute("select sum(a) from t").fetchall(), mode)
db.execute("vacuum")
