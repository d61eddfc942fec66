"""The window on TCP, as one application: the page, health and metrics, and the REST API under ``/api``."""

from collections.abc import Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry

from orchestrator.api.access.headers import secure
from orchestrator.api.access.origins import Origins, greeting, watching
from orchestrator.api.health import Figures, add_health
from orchestrator.api.page.serving import add_page
from orchestrator.api.ports import Check, RestPorts
from orchestrator.api.problems import problems_in_json
from orchestrator.api.rest.application import rest_application
from orchestrator.api.rest.downloads import Downloads
from orchestrator.api.rest.events import Events
from orchestrator.api.rest.nodes import Nodes
from orchestrator.api.rest.projects import Projects
from orchestrator.api.rest.reading import MAX_FORM
from orchestrator.api.rest.route import Route
from orchestrator.api.rest.sign_in import Gate, SigningIn
from orchestrator.api.rest.task_events import TaskEvents
from orchestrator.api.rest.tasks import Tasks
from orchestrator.api.rest.tickets import Tickets
from orchestrator.api.rest.uploads import Uploads
from orchestrator.api.rest.webhooks import Webhooks


def routes_of(ports: RestPorts) -> list[Route]:
    """Give every endpoint of the REST API but signing in."""
    resources = (Projects, Tasks, Uploads, Downloads, Nodes, Events, TaskEvents, Webhooks)
    return [route for resource in resources for route in resource(ports).routes()]


def window_application(
    ports: RestPorts,
    gate: Gate,
    *,
    origins: Origins,
    ready: Sequence[Check],
    figures: Figures,
    registry: CollectorRegistry,
) -> web.Application:
    """Build it. ``/health/ready`` looks at ``ready``, and shows the ``figures`` beside it.

    ``gate`` says who is asking, and ``origins`` from where requests may come.
    """
    application = web.Application(middlewares=[problems_in_json, watching(origins)], client_max_size=MAX_FORM)
    application.on_response_prepare.append(secure)
    application.on_response_prepare.append(greeting(origins))
    add_health(application, ready=ready, figures=figures, registry=registry)
    application.on_shutdown.append(ports.live.end)
    add_page(application)
    routes = [*SigningIn(gate).routes(), *Tickets(ports, gate).routes(), *routes_of(ports)]
    application.add_subapp("/api", rest_application(routes, authenticate=gate.authenticate))
    return application
