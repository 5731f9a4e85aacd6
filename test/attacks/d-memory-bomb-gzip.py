# expect {"status": "oom", "output": "small", "error": "Container killed by memory limit (128 MB)"}
# A few hundred kilobytes become 200 MB.
import gzip
packed = gzip.compress(bytes(4 * 2**20)) * 50
print("small" if len(packed) < 2**20 else len(packed))
gzip.decompress(packed)
