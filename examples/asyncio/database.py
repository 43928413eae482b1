import asyncio
import os
import sqlite3
import tempfile


def fill(path):
    with sqlite3.connect(path) as database:
        database.execute("create table squares (n integer primary key, square integer)")
        database.executemany("insert into squares values (?, ?)", ((n, n * n) for n in range(1, 1001)))
    database.close()


def sum_of(path, first, last):
    database = sqlite3.connect(path)
    (total,) = database.execute(
        "select sum(square) from squares where n between ? and ?", (first, last)
    ).fetchone()
    database.close()
    return total


async def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "squares.db")
        await asyncio.to_thread(fill, path)
        queries = [asyncio.to_thread(sum_of, path, first, first + 9) for first in range(1, 1001, 10)]
        sums = await asyncio.gather(*queries)
    print(f"{len(sums)} queries at once, the sum of the squares is {sum(sums)}")


asyncio.run(main())
