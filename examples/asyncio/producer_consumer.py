import asyncio


async def producer(queue):
    for n in range(1, 7):
        await queue.put(n)
        print(f"put {n}")
    print("everything is in the queue")


async def consumer(name, queue, eaten):
    while True:
        n = await queue.get()
        await asyncio.sleep(0.02)
        eaten.append(n)
        queue.task_done()


async def main():
    queue = asyncio.Queue(maxsize=2)
    eaten = []
    consumers = [asyncio.create_task(consumer(f"consumer {i}", queue, eaten)) for i in range(3)]
    await producer(queue)
    await queue.join()
    for task in consumers:
        task.cancel()
    ended = await asyncio.gather(*consumers, return_exceptions=True)
    cancelled = sum(isinstance(end, asyncio.CancelledError) for end in ended)
    print(f"{len(eaten)} eaten, their sum is {sum(eaten)}; {cancelled} consumers were cancelled")


asyncio.run(main())
