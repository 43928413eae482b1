import asyncio


async def job(name, seconds):
    await asyncio.sleep(seconds)
    return f"{name} is done"


async def main():
    print(await asyncio.wait_for(job("the quick one", 0.01), timeout=5))

    try:
        await asyncio.wait_for(job("the slow one", 3600), timeout=0.5)
    except TimeoutError:
        print("the slow one took too long")

    try:
        async with asyncio.timeout(0.5):
            await job("the first of two", 0.01)
            print("the first of two is done")
            await job("the second of two", 3600)
    except TimeoutError:
        print("both together took too long")


asyncio.run(main())
