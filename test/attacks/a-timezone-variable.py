# expect {"status": "ok", "output": "9:00:00 JST", "error": "", "request": {"env": {"TZ": "Asia/Tokyo"}}}
import datetime, time
print(datetime.datetime.now().astimezone().utcoffset(), time.strftime("%Z"))
