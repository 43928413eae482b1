import asyncio


async def a_lock():
    balance = 0
    lock = asyncio.Lock()

    async def deposit():
        nonlocal balance
        async with lock:
            seen = balance
            await asyncio.sleep(0.001)
            balance = seen + 1

    await asyncio.gather(*(deposit() for _ in range(10)))
    print(f"lock: the balance is {balance}")


async def an_event():
    event = asyncio.Event()

    async def waiter():
        await event.wait()
        return 1

    waiters = [asyncio.create_task(waiter()) for _ in range(5)]
    await asyncio.sleep(0.01)
    event.set()
    print(f"event: {sum([await waiter for waiter in waiters])} went on")


async def a_condition():
    condition = asyncio.Condition()
    basket = []

    async def eater():
        async with condition:
            await condition.wait_for(lambda: basket)
            return basket.pop()

    task = asyncio.create_task(eater())
    await asyncio.sleep(0.01)
    async with condition:
        basket.append("an apple")
        condition.notify()
    print(f"condition: the eater had {await task}")


async def a_semaphore():
    semaphore = asyncio.Semaphore(3)
    inside = most = 0

    async def visitor():
        nonlocal inside, most
        async with semaphore:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(visitor() for _ in range(10)))
    print(f"semaphore: at most {most} of 10 were inside")


async def main():
    await a_lock()
    await an_event()
    await a_condition()
    await a_semaphore()


asyncio.run(main())
