import asyncio
import time


async def say_after(delay, what):
    await asyncio.sleep(delay)
    print(what)


async def in_sequence():
    start = time.monotonic()
    await say_after(1, "hello")
    await say_after(2, "world")
    return time.monotonic() - start


async def at_once():
    start = time.monotonic()
    task1 = asyncio.create_task(say_after(1, "hello"))
    task2 = asyncio.create_task(say_after(2, "world"))
    await task1
    await task2
    return time.monotonic() - start


async def main():
    print(f"one after the other: {int(await in_sequence())} seconds")
    print(f"both at once: {int(await at_once())} seconds")


asyncio.run(main())
