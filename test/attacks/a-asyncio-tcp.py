# expect {"status": "ok", "output": "b'echo: ping'", "error": ""}
import asyncio
async def serve(reader, writer):
    writer.write(b"echo: " + await reader.read(100))
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"ping")
        print(await reader.read())
        writer.close()
asyncio.run(main())
