import asyncio
from asyncio.subprocess import PIPE


async def pipe_through_sort():
    sort = await asyncio.create_subprocess_exec("sort", stdin=PIPE, stdout=PIPE)
    stdout, _ = await sort.communicate(b"pear\napple\nfig\n")
    print(f"sorted: {', '.join(stdout.decode().split())}")


async def run(command):
    shell = await asyncio.create_subprocess_shell(command, stdout=PIPE, stderr=PIPE)
    stdout, stderr = await shell.communicate()
    print(f"[{command}] exited with {shell.returncode}")
    print(f"[stdout] {stdout.decode().rstrip()}")
    print(f"[stderr] {stderr.decode().rstrip()}")


async def talk_to_cat():
    cat = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    for word in ["one", "two"]:
        cat.stdin.write(f"{word}\n".encode())
        await cat.stdin.drain()
        line = await cat.stdout.readline()
        print(f"cat says {line.decode().rstrip()}")
    cat.terminate()
    print(f"cat ended with {await cat.wait()}")


async def main():
    await pipe_through_sort()
    await run("echo to stdout; echo to stderr >&2; exit 3")
    await talk_to_cat()


asyncio.run(main())
