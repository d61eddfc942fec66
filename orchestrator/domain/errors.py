"""Every error that crosses a room's door.

::

    OrchestratorError
    ├── NodeError                    a processing node did not do what was asked
    │   ├── NodeUnreachable          no connection, so nothing was sent                         retryable
    │   ├── NodeFault                a 5xx, 429, deadline, cut connection or nonsense           retryable
    │   ├── NodeUnauthorized         it does not take our token                                 retryable
    │   ├── NodeRefused              it said no, in its own words
    │   ├── JobNotFound              it does not know the job
    │   ├── AssetNotReady            it says COMPLETED, but has no results to give
    │   └── UploadUncertain          a file's fate is unknown: the job's uuid is spoiled
    ├── FileError                    a local file or source did not serve
    │   ├── SourceFailed             an image is missing, unreadable or not allowed
    │   ├── SourceHindered           an image could not be fetched just now                     retryable
    │   ├── FileRefused              a file that came in over HTTP is not accepted
    │   ├── FileTooLarge             a file that came in over HTTP, or all of them together, is too large
    │   ├── ResultsCorrupt           an archive did not pass verification                      retryable
    │   └── StorageFailed            the disk is full or read-only                              retryable
    ├── BusError                     the broker is away or refused                              retryable
    ├── NoSuchLetter                 no dead letter on the shelf has that id
    ├── AmbiguousLetter              the beginning of an id fits several dead letters
    ├── NotGuarded                   others would reach the daemon, and nothing keeps them out
    ├── TokenRefused                 an API token cannot be made or revoked as asked
    └── StoreError                   the database is away, locked or broken                     retryable

Each has a ``code`` for programs, a sentence for people (``str(error)``) and ``retryable``.
"""


class OrchestratorError(Exception):
    """Root of the tree."""

    code = "error"
    retryable = False


class NodeError(OrchestratorError):
    """A processing node did not do what was asked."""

    code = "node-error"


class NodeUnreachable(NodeError):
    """No connection could be made, so nothing was sent."""

    code = "node-unreachable"
    retryable = True


class NodeFault(NodeError):
    """The node answered 5xx or 429, did not answer in time, cut the connection, or answered nonsense."""

    code = "node-fault"
    retryable = True


class NodeUnauthorized(NodeError):
    """The node does not take our token."""

    code = "node-unauthorized"
    retryable = True


class NodeRefused(NodeError):
    """The node understood and said no; the message is the node's own."""

    code = "node-refused"


class JobNotFound(NodeError):
    """The node does not know the job."""

    code = "job-not-found"


class AssetNotReady(NodeError):
    """The node has no results to give, whatever its status says."""

    code = "asset-not-ready"


class UploadUncertain(NodeError):
    """A file's transfer was cut or its answer lost: the node may hold a truncated or doubled image.

    ``too_slow``: the node cut it off, for it took longer than the node allows.
    """

    code = "upload-uncertain"

    def __init__(self, message: str, *, too_slow: bool = False) -> None:
        super().__init__(message)
        self.too_slow = too_slow


class FileError(OrchestratorError):
    """A local file or an image source did not serve."""

    code = "file-error"


class SourceFailed(FileError):
    """An image is missing, unreadable or not allowed; trying again would not help."""

    code = "source-failed"


class SourceHindered(FileError):
    """An image could not be fetched just now."""

    code = "source-hindered"
    retryable = True


class FileRefused(FileError):
    """A file that came in over HTTP is not accepted: for its name, or because it is empty."""

    code = "file-refused"


class FileTooLarge(FileError):
    """A file that came in over HTTP is larger than is taken, or there are too many."""

    code = "file-too-large"


class ResultsCorrupt(FileError):
    """An archive did not pass verification."""

    code = "results-corrupt"
    retryable = True


class StorageFailed(FileError):
    """The disk is full, read-only or broken."""

    code = "storage-failed"
    retryable = True


class BusError(OrchestratorError):
    """The broker is away or refused."""

    code = "bus-error"
    retryable = True


class NoSuchLetter(OrchestratorError):
    """No dead letter on the shelf has that id."""

    code = "no-such-letter"


class AmbiguousLetter(OrchestratorError):
    """The beginning of an id fits several dead letters."""

    code = "ambiguous-letter"


class NotGuarded(OrchestratorError):
    """Others would reach the daemon, and there is no API token to keep them out."""

    code = "not-guarded"


class TokenRefused(OrchestratorError):
    """An API token cannot be made, or revoked, as it was asked for."""

    code = "token-refused"


class StoreError(OrchestratorError):
    """The database is away, locked or broken."""

    code = "store-error"
    retryable = True
