import asyncio
import queue
import threading
from concurrent.futures import ThreadPoolExecutor


async def main():
    # A thread blocks; the loop does not.
    words = queue.SimpleQueue()
    waiting = asyncio.create_task(asyncio.to_thread(words.get))
    await asyncio.sleep(0.01)
    print("the loop goes on while a thread waits")
    words.put("water")
    print(f"the thread got {await waiting}")

    # A pool of two, and jobs that need each other.
    pool = ThreadPoolExecutor(max_workers=2)
    loop = asyncio.get_running_loop()
    barrier = threading.Barrier(2)

    def job():
        barrier.wait()
        return threading.get_ident()

    threads = await asyncio.gather(*(loop.run_in_executor(pool, job) for _ in range(10)))
    print(f"{len(threads)} jobs ran on {len(set(threads))} threads")
    pool.shutdown()


asyncio.run(main())
