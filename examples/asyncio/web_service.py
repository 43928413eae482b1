import asyncio
import json
import sys

visits = 0


def answer(path):
    global visits
    visits += 1
    parts = path.strip("/").split("/")
    if parts[0] == "add":
        try:
            return "200 OK", {"sum": sum(int(part) for part in parts[1:])}
        except ValueError:
            return "400 Bad Request", {"error": "not a number"}
    if parts[0] == "visits":
        return "200 OK", {"visits": visits}
    return "404 Not Found", {"error": "no such page"}


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            status, body = answer(head.split()[1].decode())
            body = json.dumps(body, separators=(",", ":")).encode()
            writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()


async def main():
    host, port = (sys.argv[1:] or ["127.0.0.1:8080"])[0].split(":")
    server = await asyncio.start_server(serve, host, int(port))
    host, port = server.sockets[0].getsockname()
    print(f"listening on http://{host}:{port}", flush=True)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
