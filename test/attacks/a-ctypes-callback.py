# expect {"status": "ok", "output": "[1, 2, 3, 5, 8] 5", "error": ""}
# Calls C, and C calls back.
import ctypes
libc = ctypes.CDLL(None)
compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 5)(5, 3, 8, 1, 2)
libc.qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare_type(lambda a, b: a[0] - b[0]))
print(list(numbers), libc.strlen(b"hello"))
