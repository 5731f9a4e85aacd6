# expect {"status": "ok", "outputMatches": "^True\nmain\n3\n20\\d{3}\nran\nuid$", "error": ""}
# Ways around a filter of words: here they are ordinary programs.
import base64
print(len(().__class__.__base__.__subclasses__()) > 100)
def generator():
    yield frame.gi_frame.f_back.f_globals["__name__"].strip("_")
frame = generator()
print(next(frame))
print(getattr(__builtins__, "ev" + "al")("1 + 2"))
print(__import__("o" + "s").getuid())
exec(base64.b64decode("cHJpbnQoInJhbiIp"))
𝘱𝘳𝘪𝘯𝘵("uid")
