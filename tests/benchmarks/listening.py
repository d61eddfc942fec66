"""Many readers of /api/events in a process of their own: ``URL COUNT [all]``, each of a task, or all of everything."""

import asyncio
import sys

import uvloop

AT_ONCE = 100
CHUNK = 1 << 18


async def main(host: str, port: int, count: int, *, everything: bool) -> None:
    """Open the streams, say so, and read until ended."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def opened(number: int) -> asyncio.StreamReader:
        async with slots:
            reader, writer = await asyncio.open_connection(host, port)
            query = "" if everything else f"?task={number}"
            writer.write(f"GET /api/events{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            writers.append(writer)
            await reader.readuntil(b"retry: ")
            return reader

    writers: list[asyncio.StreamWriter] = []
    readers = await asyncio.gather(*(opened(number) for number in range(1, count + 1)))
    print("ready", flush=True)
    await asyncio.gather(*map(drained, readers))


async def drained(reader: asyncio.StreamReader) -> None:
    """Read to the end."""
    while await reader.read(CHUNK):
        pass


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), everything=sys.argv[4:] == ["all"]))
