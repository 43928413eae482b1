import asyncio


async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_soon(print, "soon")
    never = loop.call_later(0.02, print, "never")
    loop.call_later(0.2, done.set_result, "done")
    loop.call_at(loop.time() + 0.1, print, "at a given time")
    never.cancel()
    await asyncio.sleep(0.01)
    print(f"one was cancelled: {str(never.cancelled()).lower()}")
    print(await done)


asyncio.run(main())
