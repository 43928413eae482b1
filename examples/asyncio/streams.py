import asyncio


async def handle(reader, writer):
    message = (await reader.readline()).decode().rstrip()
    print(f"the server received: {message}")
    writer.write(message.upper().encode() + b"\n")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def client(port, message):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    print(f"the client sends: {message}")
    writer.write(message.encode() + b"\n")
    answer = await reader.readline()
    print(f"the client received: {answer.decode().rstrip()}")
    writer.close()
    await writer.wait_closed()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await client(port, "hello world")
    await client(port, "good bye")
    server.close()
    await server.wait_closed()
    print("the server is closed")


asyncio.run(main())
