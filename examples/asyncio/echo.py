import asyncio
import sys


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def main():
    host, port = sys.argv[1].split(":")
    server = await asyncio.start_server(echo, host, int(port), backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(f"listening on {host}:{port}", flush=True)
    async with server:
        await server.serve_forever()


if sys.argv[2:] == ["uvloop"]:
    import uvloop

    run = uvloop.run
else:
    run = asyncio.run
try:
    run(main())
except KeyboardInterrupt:
    print("interrupted")
