"""``orchestrator dead-letters``: messages that could not be understood, and what a person does about them."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from orchestrator.cli.command import command, group
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.editing import edited
from orchestrator.cli.errors import UNUSABLE, CliError
from orchestrator.cli.printing import AsJson, print_fields, print_json, print_table, say

Json = dict[str, Any]

LetterId = Annotated[str, typer.Argument(help="Its id, or its first four characters or more.", metavar="ID")]
LetterIds = Annotated[
    list[str] | None, typer.Argument(help="Their ids, or the first characters of each.", metavar="ID...")
]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)]
Offset = Annotated[int, typer.Option(help="How many to skip.", min=0)]
NewId = Annotated[
    bool, typer.Option("--new-id", help="Under a new message id: the old one has been answered with a no.")
]
CommandName = Annotated[str | None, typer.Option("--command", help="The command it should have named.")]

MOST_AT_ONCE = 100
"""Letters in one request, so that each request is answered soon."""
WIDEST = 70


def add_to(cli: typer.Typer) -> None:
    """Add the group."""
    letters = group("dead-letters", into=cli, help="Messages that could not be understood.")
    command(letters, "list")(show_all)
    command(letters, "show")(show)
    command(letters, "replay")(replay)
    command(letters, "edit")(edit)
    command(letters, "purge")(purge)


def show_all(
    daemon: Daemon,
    *,
    limit: Limit = 50,
    offset: Offset = 0,
    replayed: Annotated[
        bool, typer.Option("--replayed", help="What was replayed, instead of what lies there.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List dead letters, latest first."""
    page = {"limit": limit, "offset": offset}
    if replayed:
        replays = daemon.control.get("/dead-letters/replays", page)["replays"]
        print_json(replays) if json else _print_replays(replays)
        return
    found = daemon.control.get("/dead-letters", page)
    if json:
        print_json(found)
        return
    rows = [
        (it["id"], _time(it["at"]), it["command"] or "-", it["replayed"], _short(it["error"]["detail"]))
        for it in found["dead_letters"]
    ]
    print_table(("ID", "PUT ASIDE", "COMMAND", "REPLAYED", "WHY"), rows)
    _say_what_is_missing(found, shown=offset + len(rows))


def show(daemon: Daemon, letter: LetterId, *, json: AsJson = False) -> None:
    """Show a dead letter: what it was, why it was refused, and its replays. Secrets are hidden."""
    found = daemon.control.get(f"/dead-letters/{quote(letter, safe='')}")
    if json:
        print_json(found)
        return
    if "id" not in found:
        say("It is not on the shelf any more. It was replayed:")
        _print_replays(found["replays"])
        return
    left_out = {"body", "replays", "error", "truncated", "replayed"}
    told = {name: value for name, value in found.items() if name not in left_out and value not in (None, {})}
    print_fields({**told, "why": found["error"]["detail"], "replayed": found["replayed"]})
    for wrong in found["error"]["errors"]:
        say(f"  {wrong['field']}: {wrong['message']}")
    say("")
    for line in found["body"].splitlines():
        say(line)
    if found["truncated"]:
        say(f"… (the first 64 KiB of {found['size']:,} bytes)")
    if found["replays"]:
        say("")
        _print_replays(found["replays"])


def replay(
    daemon: Daemon,
    letters: LetterIds = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that lie there, the oldest first.")] = False,
    new_id: NewId = False,
    name: CommandName = None,
    json: AsJson = False,
) -> None:
    """Have dead letters settled as they are. Those that are accepted leave the shelf; exit code 1 if one is not."""
    ids = _chosen(daemon, letters, every=every)
    replays: list[Json] = []
    for at in range(0, len(ids), MOST_AT_ONCE):
        asked = {"ids": ids[at : at + MOST_AT_ONCE], "new_message_id": new_id, "command": name}
        replays += daemon.control.post("/dead-letters/replay", asked)["replays"]
    _tell(replays, json=json)


def edit(
    daemon: Daemon,
    letter: LetterId,
    *,
    body: Annotated[Path | None, typer.Option(help="File with the new body; - reads standard input.")] = None,
    new_id: NewId = False,
    name: CommandName = None,
    json: AsJson = False,
) -> None:
    """Correct the body of a dead letter in $EDITOR, and have it settled. What is refused stays on the shelf as it was.

    The editor gets the body as it came, with what is secret in it.
    """
    path = f"/dead-letters/{quote(letter, safe='')}"
    with edited(lambda: daemon.control.get_bytes(f"{path}/body"), given=body) as text:
        asked = {"ids": [letter], "body": text, "new_message_id": new_id, "command": name}
        _tell(daemon.control.post("/dead-letters/replay", asked)["replays"], json=json)


def purge(
    daemon: Daemon,
    letters: LetterIds = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that lie there now.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Throw dead letters away, for good."""
    if every == bool(letters):
        raise CliError("Name the letters, or say --all.", code=UNUSABLE)
    now = daemon.control.get("/dead-letters", {"limit": 1})
    count = len(set(letters or ())) or now["total"]
    if not yes and count and not typer.confirm(f"Throw away {_letters(count)}, for good?"):
        raise CliError("Nothing was thrown away.")
    asked = {"ids": letters} if letters else {"until": now["at"]}
    gone = daemon.control.post("/dead-letters/purge", asked)
    print_json(gone) if json else say(f"{_letters(gone['purged']).capitalize()} thrown away.")


def _chosen(daemon: Daemon, letters: list[str] | None, *, every: bool) -> list[str]:
    if every == bool(letters):
        raise CliError("Name the letters, or say --all.", code=UNUSABLE)
    if letters:
        return letters
    found: list[str] = []
    while page := daemon.control.get("/dead-letters", {"limit": 1000, "offset": len(found)})["dead_letters"]:
        found += [it["id"] for it in page]
    return list(dict.fromkeys(reversed(found)))


def _tell(replays: list[Json], *, json: bool) -> None:
    if json:
        print_json(replays)
    for it in () if json else replays:
        stays = "" if it["outcome"] == "accepted" else " It stays on the shelf."
        say(f"{it['letter']}: {it['command'] or 'no command'} was {it['outcome']}: {_ended(it['detail'])}{stays}")
    if any(it["outcome"] != "accepted" for it in replays):
        raise typer.Exit(1)


def _print_replays(replays: list[Json]) -> None:
    rows = [
        (
            it["letter"], _time(it["at"]), it["by"], it["command"], "yes" if it["edited"] else "no", it["message_id"],
            it["outcome"], _short(it["detail"]),
        )
        for it in replays
    ]  # fmt: skip
    print_table(("LETTER", "REPLAYED", "BY", "COMMAND", "EDITED", "MESSAGE ID", "OUTCOME", "DETAIL"), rows)


def _say_what_is_missing(found: Json, *, shown: int) -> None:
    if shown < found["looked_at"]:
        say(f"… {found['looked_at'] - shown:,} more; --offset {shown} shows them.")
    if found["looked_at"] < found["total"]:
        say(f"{found['total']:,} lie there; only {found['looked_at']:,} were looked at.")


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count:,} dead letters"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _time(text: str | None) -> str:
    return f"{text[:19]}Z" if text else "-"


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
