import asyncio


async def main():
    loop = asyncio.get_running_loop()
    soon = loop.create_future()
    loop.call_soon(print, "soon")
    loop.call_soon(soon.set_result, "and then")
    print(await soon)

    never = loop.call_later(0.05, print, "never")
    never.cancel()
    print(f"one was cancelled: {str(never.cancelled()).lower()}")

    done = loop.create_future()
    loop.call_later(0.2, done.set_result, "done")
    loop.call_at(loop.time() + 0.1, print, "at a given time")
    print(await done)


asyncio.run(main())
