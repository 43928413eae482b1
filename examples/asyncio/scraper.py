import asyncio

PAGES = 50


async def site():
    """Answers no page before all have been asked for."""
    asked = 0
    all_asked = asyncio.Event()

    async def page(reader, writer):
        nonlocal asked
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        asked += 1
        if asked == PAGES:
            all_asked.set()
        await all_asked.wait()
        writer.write(f"HTTP/1.0 200 OK\r\n\r\n<title>Page {path[1:]}</title>".encode())
        await writer.drain()
        writer.close()

    return await asyncio.start_server(page, "127.0.0.1", 0, backlog=PAGES)


async def title(port, page):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /{page} HTTP/1.0\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    return text.split("<title>")[1].split("</title>")[0]


async def main():
    server = await site()
    port = server.sockets[0].getsockname()[1]
    titles = await asyncio.gather(*(title(port, page) for page in range(1, PAGES + 1)))
    print(f"{len(titles)} pages at once, from {titles[0]} to {titles[-1]}")
    server.close()


asyncio.run(main())
