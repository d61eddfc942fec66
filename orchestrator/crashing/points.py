"""The list of crash points. One that is reached but not listed is an error; one at which no test kills fails the suite.

``.before`` and ``.after`` are around a durable thing. For a call to a node, after means: its answer was read, and
nobody was told yet; for the node that is the same as an answer that was lost.
"""

from collections.abc import Mapping

COMMITS: Mapping[str, str] = {
    "task-created": "a task exists, and its command has an answer",
    "task-placed": "a node and a uuid were chosen",
    "task-progress": "how far an upload or a download is",
    "task-committing": "all files are there, and the node may be told to start",
    "task-taken": "the node has the job",
    "task-watched": "what the node said about the job",
    "task-collecting": "the node is done",
    "task-ended": "the task is COMPLETED, FAILED or CANCELED",
    "task-waiting": "the task begins, as a draft does that is committed, or anew: restarted, or its job was given up",
    "task-changed": "something else about a task, such as why it waits",
    "task-restarting": "the node may be told to run its job again",
    "task-removing": "the task is to go",
    "task-removed": "the task is gone",
    "job-stopped": "an abandoned job does not run",
    "job-gone": "an abandoned job is not on its node any more",
    "node-written": "a processing node came, or was seen",
    "node-gone": "a processing node was taken away",
    "project-written": "a project came, or was changed",
    "project-gone": "a project was taken away",
    "events-gone": "events that the bus has confirmed leave the outbox",
    "answer-kept": "the answer to a command of any kind is stored under its message id",
    "answers-forgotten": "old answers are dropped",
    "replay-begun": "it is on record that a dead letter is about to be replayed",
    "replay-ended": "it is on record what became of the replay",
    "events-forgotten": "old events are dropped",
    "webhook-added": "somebody wants to be told of events",
    "webhook-changed": "a webhook was changed",
    "webhook-removed": "a webhook was taken away, with what it has not taken",
    "webhooks-synced": "the webhooks of the settings are in line with them (at the start)",
    "webhook-progress": "what became of deliveries to a webhook",
    "failures-replayed": "deliveries are off their shelf, to be tried anew",
    "failures-discarded": "deliveries that lay on their shelf are thrown away",
    "token-added": "an API token exists",
    "token-removed": "an API token is worth nothing any more",
    "token-used": "when an API token was last used",
    "signing-key": "the key that sessions are signed with is there (at the start)",
    "migration": "the database is at the newest revision",
    "heartbeat": "this daemon lives, and keeps what it owns",
    "claim": "tasks in work belong to this daemon (at its start)",
    "release": "tasks in work belong to nobody (at a stop in order)",
}

_CALLS: Mapping[str, str] = {
    "probe": "the node is asked about itself",
    "options": "the node is asked for its engine's options",
    "list": "the node is asked which jobs it has",
    "card": "the node is asked what an unknown job is",
    "init": "a job is opened under our uuid",
    "upload": "one file is sent",
    "commit": "the job is started",
    "look": "the node is asked about the job",
    "cancel": "the job is stopped",
    "remove": "the job is deleted",
    "restart": "the job is run again",
    "download": "the results are fetched",
}

_BUS: Mapping[str, str] = {
    "command.taken": "a command came in, and nothing was done about it",
    "answer.before": "a command is settled, and its answer not sent",
    "answer.after": "the broker has the answer",
    "ack.before": "a command is settled and answered, and not acknowledged",
    "ack.after": "the command is acknowledged",
    "event.before": "events were committed, and are not sent",
    "event.sent": "events were sent, and the broker has not confirmed them",
    "event.confirmed": "the broker has confirmed events, and we have not noted it",
    "letter.before": "a message cannot be understood, and is not on the shelf",
    "letter.after": "the message is on the shelf, and not acknowledged",
    "letter.gone.before": "letters were replayed or are to be thrown away, and lie on the shelf",
    "letter.gone.after": "they are off the shelf",
}

_DELIVERIES: Mapping[str, str] = {
    "hook.before": "an event is about to be sent to a webhook",
    "hook.after": "the webhook has answered, and we have not noted it",
}

_FILES: Mapping[str, str] = {
    "staged.whole": "an image that was made smaller gets its name",
    "staged.gone": "the folder of images made for sending is empty, and about to go",
    "note.write": "the note on an interrupted upload gets its name",
    "note.take": "the note on an interrupted upload is about to go",
    "output.append": "console lines are about to be written",
    "output.begin": "the console output of an earlier attempt is about to go",
    "output.old-gone": "the console output of an earlier attempt is deleted but for its folder",
    "output.dropped": "it is about to be noted how many console lines were too many to be kept",
    "swap.extract": "a verified archive is about to be extracted, file by file",
    "swap.link": "all is extracted; the archive gets its place in it",
    "swap.note": "the note on the swap is about to be made",
    "swap.ready": "the new results are complete, and about to be called so",
    "swap.old": "the old results are about to be set aside",
    "swap.in-place": "the new results are about to take the place of the old",
    "swap.archive-gone": "the archive is about to lose its temporary name",
    "swap.old-gone": "the old results are deleted but for their folder",
    "swap.new-gone": "what an interrupted extraction left is deleted but for its folder",
    "swap.incoming-gone": "the folder of archives being fetched is about to go",
    "swap.note-gone": "the note on the swap is about to go",
    "files.gone": "of a task that is to go, only the folder is left",
    "arrival.write": "a file that comes in over HTTP is about to be written",
    "arrival.gone": "what a request brought is deleted, or in its place; its folder is about to go",
    "arrivals.gone": "what the requests of a daemon that died have brought is deleted but for its folder",
    "image.placed": "an image that came in is about to get its place in its task",
    "image.replaced": "an image has its place, and the one of its name in another case is about to go",
    "image.linked": "an image is about to get its place in a duplicate of its task",
    "chunk.write": "a chunk is about to be written into its file",
    "chunk.noted": "a chunk was written, and is about to be noted",
    "chunk.whole": "all chunks are there, and it is about to be noted that they make a whole",
    "chunk.misfits": "chunks that do not fit together are deleted but for their folder",
    "parts.gone": "what is left of chunks is deleted but for its folder",
    "archive.placed": "an archive of results that came in is about to get its place",
    "archive.fetch": "an archive of results is about to be fetched from its address",
    "archive.fetched": "an archive that was fetched is about to get its place",
    "archive.refused": "an archive that came in is none, and is about to be emptied",
    "archive.restored": "the archive of results is about to be taken from them, to be verified anew",
    "tidy.taken": "what earlier work left is about to be taken out of its task's folder (doctor --fix)",
    "folder.aside": "results of a task that is no more are about to be set aside (doctor --fix)",
}


def _both_sides(kind: str, things: Mapping[str, str]) -> dict[str, str]:
    """Name the points before and after each thing."""
    return {f"{kind}.{name}.{side}": said for name, said in things.items() for side in ("before", "after")}


POINTS: Mapping[str, str] = {
    **_both_sides("commit", COMMITS),
    **_both_sides("node", _CALLS),
    "node.upload.under-way": "the first bytes of a file were sent",
    "node.download.under-way": "the first bytes of the results have come",
    **_BUS,
    **_DELIVERIES,
    "migration.step": "a revision of the database was played, and is about to be noted; nothing is committed",
    **_FILES,
}
"""Every point by name, with what is durable there, or about to be."""
