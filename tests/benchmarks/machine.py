"""Facts about the machine without which no figure means anything."""

import os
import platform
from pathlib import Path

import aiormq
import asyncpg

MIB = 1024 * 1024


def facts(folder: Path) -> dict[str, str]:
    """Give what can be read without asking a server."""
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1024**3:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "file system": _file_system(folder),
        "load average at start": load,
    }


async def broker_version(url: str) -> str:
    """Ask RabbitMQ for its version."""
    connection = await aiormq.connect(url)
    try:
        version = connection.server_properties.get("version", "?")
        return version.decode() if isinstance(version, bytes) else str(version)
    finally:
        await connection.close()


async def database_version(url: str) -> str:
    """Ask PostgreSQL for its version, and whether it flushes to disk."""
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://"), timeout=30)
    try:
        version = await connection.fetchval("SHOW server_version")
        flushes = await connection.fetchval("SHOW fsync")
        return f"{version.split()[0]} (fsync {flushes})"
    finally:
        await connection.close()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _file_system(folder: Path) -> str:
    """Name the kind of file system: on one in memory, a durable commit costs nothing and means nothing."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    around = [(len(point), kind) for point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(around)[1] if around else "unknown"


class Usage:
    """What a process has used, from /proc: CPU seconds of all its threads, memory in MiB."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._ticks = os.sysconf("SC_CLK_TCK")

    def cpu(self) -> float:
        """Give CPU seconds so far."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / self._ticks

    def memory(self) -> float:
        """Give MiB resident now."""
        return self._status("VmRSS")

    def peak_memory(self) -> float:
        """Give the most MiB that were ever resident."""
        return self._status("VmHWM")

    def _status(self, key: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))
