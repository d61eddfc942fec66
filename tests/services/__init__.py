"""Real RabbitMQ and PostgreSQL for tests, benchmarks and the demo: private, unprivileged, gone afterwards.

Nothing in here knows pytest or the orchestrator; `python -m tests.services run -- COMMAND` uses it from a shell.
"""

from tests.services.packages import PackageMissingError
from tests.services.postgres import PrivatePostgres
from tests.services.process import ServerError
from tests.services.rabbitmq import PrivateRabbitMQ

__all__ = ["PackageMissingError", "PrivatePostgres", "PrivateRabbitMQ", "ServerError"]
