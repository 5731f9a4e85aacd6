# expect {"status": "ok", "output": "b'HELLO' 0", "error": ""}
import asyncio
async def main():
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=pipe, stdout=pipe)
    out, _ = await process.communicate(b"hello")
    print(out, process.returncode)
asyncio.run(main())
