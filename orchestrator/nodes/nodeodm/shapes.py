"""The node's JSON turned into our values, by hand: this is where polling spends its time.

What the engine decides by is checked and refused when it makes no sense; what only people look at is bent into shape.
"""

import math
import re
from typing import Any

from orchestrator.domain.node import NodeInfo, NodeOption
from orchestrator.domain.task import Option
from orchestrator.engine.ports import JobCard, JobInfo
from orchestrator.nodes.nodeodm.address import UUID

CLUSTER_CPU_CORES = 99_999_999_999
"""ClusterODM's constant for resources that it does not have itself."""
NO_ENGINE = "?"
"""What ClusterODM gives for the engine while none of its nodes is online."""
INT32 = 2**31 - 1
"""Databases keep these numbers as 32 bits, and ClusterODM's constants do not fit."""
LARGEST = 2**53 - 1
"""Beyond it JSON parsers disagree (RFC 7493 §2.2), and what a node says goes on into events."""
STATUSES = frozenset({10, 20, 30, 40, 50})
TEXT = 2_000
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What JSON can carry and databases cannot: U+0000, and halves of surrogate pairs."""
UNKNOWN_COUNT = -1


class ShapeError(ValueError):
    """Well-formed JSON is not what was asked for; the message names what is missing."""


def node_info(value: Any) -> NodeInfo:
    """Read ``GET /info``. Very old nodes have ``odmVersion`` in place of ``engine`` and ``engineVersion``."""
    if not isinstance(value, dict) or not {"version", "taskQueueCount", "engine", "odmVersion"} & value.keys():
        raise ShapeError("what a processing node says about itself")
    most = _count(value, "maxImages", absent=0)
    return NodeInfo(
        api_version=_text(value.get("version")),
        queue_count=_count(value, "taskQueueCount", absent=0),
        max_images=most if most > 0 else None,
        max_parallel=max(1, _count(value, "maxParallelTasks", absent=1)),
        engine=_text(value.get("engine")) or "odm",
        engine_version=_text(value.get("engineVersion")) or _text(value.get("odmVersion")) or "?",
        is_cluster=value.get("cpuCores") == CLUSTER_CPU_CORES,
    )


def node_options(value: Any) -> tuple[NodeOption, ...]:
    """Read ``GET /options``; entries without a name are left out."""
    if not isinstance(value, list):
        raise ShapeError("which options there are")
    return tuple(_option(entry) for entry in value if isinstance(entry, dict) and _text(entry.get("name")))


def job_info(value: Any, *, with_output: bool) -> JobInfo:
    """Read ``GET /task/{uuid}/info``.

    ``images_count`` is -1 when the node does not say. Output that was not asked for is left out: a cluster goes on
    repeating what it once was asked for.
    """
    try:
        state = value["status"]
        code = state["code"]
    except (TypeError, KeyError, IndexError):
        raise ShapeError("the job's status") from None
    if not isinstance(code, int | float) or code not in STATUSES:
        raise ShapeError("a known status")
    progress = _number(value.get("progress"))
    message = state.get("errorMessage")
    return JobInfo(
        status=int(code),
        progress=None if progress is None else min(1.0, max(0.0, progress / 100)),
        processing_time=_milliseconds(value, "processingTime"),
        images_count=_count(value, "imagesCount", absent=UNKNOWN_COUNT),
        error=_text(message) if message else "",
        output=_lines(value.get("output")) if with_output else (),
        created=_milliseconds(value, "dateCreated"),
    )


def job_list(value: Any) -> tuple[str, ...]:
    """Read ``GET /task/list``. Jobs whose uuid we cannot have chosen are left out."""
    if not isinstance(value, list):
        raise ShapeError("which jobs there are")
    given = [entry.get("uuid") for entry in value if isinstance(entry, dict)]
    return tuple(dict.fromkeys(uuid for uuid in given if isinstance(uuid, str) and UUID.fullmatch(uuid)))


def job_card(value: Any) -> JobCard:
    """Read what ``GET /task/{uuid}/info`` says of a job's name (some have none) and options."""
    info = job_info(value, with_output=False)
    given = value.get("options")
    entries = [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
    return JobCard(
        name=_text(value.get("name")),
        options=tuple(
            Option(_text(entry.get("name")), _value(entry["value"]))
            for entry in entries
            if _text(entry.get("name")) and _is_value(entry.get("value"))
        ),
        info=info,
    )


def _lines(output: Any) -> tuple[str, ...]:
    if not isinstance(output, list):
        return ()
    # A line may come with its own end of line.
    return tuple([line.rstrip("\r\n") if isinstance(line, str) else _text(line) for line in output])


def _is_value(value: Any) -> bool:
    return isinstance(value, str | bool) or _number(value) is not None


def _value(value: Any) -> Any:
    return UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


def _option(entry: dict[str, Any]) -> NodeOption:
    domain = entry.get("domain")
    return NodeOption(
        name=_text(entry.get("name")),
        type=_text(entry.get("type")),
        value=_text(entry.get("value")),
        domain=tuple(_text(choice) for choice in domain) if isinstance(domain, list) else _text(domain),
        help=_text(entry.get("help")),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value[:TEXT])
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:TEXT]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _milliseconds(value: dict[str, Any], key: str) -> int:
    given = _number(value.get(key))
    return int(min(given, LARGEST)) if given is not None and given >= 0 else -1


def _count(value: dict[str, Any], key: str, *, absent: int) -> int:
    given = value.get(key)
    if given is None:
        return absent
    number = _number(given)
    if number is None:
        raise ShapeError(f"a number for {key}")
    return int(min(number, INT32)) if number >= 0 else absent
