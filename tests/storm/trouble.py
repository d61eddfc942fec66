"""What may happen to the world: each kind of trouble by its name, and the calm in which all of it is mended."""

from datetime import timedelta
from math import inf
from typing import Any

from tests.storm.node import COMPLETED, Node

AWAY = {"vanish": (1.0, 120.0), "vanish for long": (130.0, 250.0), "vanish and be ordered about": (60.0, 250.0)}
"""For how many seconds a node is gone."""


class Trouble:
    """Makes things happen, now."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def happen(self, action: str, *, task: int | None = None) -> None:
        """Let one thing happen. ``task``: whom the moment is about, for orders that want one."""
        world = self.world
        if world.weather.calm:
            return
        world.trace.fault(action, "task", task)
        kinds: dict[str, Any] = {
            "kill": world.kill,
            "stop": self._stop,
            "cut": world.broker.cut,
            "broker away": lambda: self._broker_away(10.0, 180.0),
            "broker away for an hour": lambda: self._broker_away(3600.0, 3700.0),
            "disk full": self._disk_full,
            "database locked": self._database_locked,
            "clock ahead": lambda: self._step(1),
            "clock back": lambda: self._step(-1),
            "remove the node": self._remove_node,
        }
        if action in kinds:
            kinds[action]()
        elif action in {"cancel", "remove", "restart", "update"}:
            self._order(action, task)
        elif action == "cancel and restart":
            number = world.weather.choose(range(1, world.plan.tasks + 1))
            for each in ("CANCEL", "RESTART"):
                key = {"task": task} if task else {"reference": f"t{number}"}
                world.producer.send("set-pending-action", key | {"pending_action": each}, asks=False)
        else:
            self._strike_node(action, task)

    def _stop(self) -> None:
        if self.world.life is not None:
            self.world.life.ask_to_stop()

    def _broker_away(self, least: float, most: float) -> None:
        self.world.broker.stop()
        self.world.loop.call_later(self.world.weather.seconds(least, most), self.world.broker.start)

    def _disk_full(self) -> None:
        self.world.disk.full = True
        self.world.loop.call_later(self.world.weather.seconds(2.0, 120.0), self._disk_mended)

    def _disk_mended(self) -> None:
        self.world.disk.full = False

    def _database_locked(self) -> None:
        self.world.disk.busy += self.world.weather.choose((1, 2, 5))

    def _step(self, sign: int) -> None:
        self.world.clock.shift += sign * timedelta(seconds=self.world.weather.choose((2.0, 90.0, 3600.0, 7200.0)))

    def _order(self, action: str, task: int | None) -> None:
        """Send a command about that task, or about any."""
        weather = self.world.weather
        number = weather.choose(range(1, self.world.plan.tasks + 1))
        key: dict[str, Any] = {"task": task} if task else {"reference": f"t{number}"}
        asks = weather.heads(0.6)
        if action == "update":
            change = weather.choose(({"name": "renamed"}, {"priority": 9}, {"options": {"dsm": True}},
                                     {"auto_processing_node": True}, {"processing_node": 1}))  # fmt: skip
            self.world.producer.send("update-task", key | change, asks=asks)
        else:
            self.world.producer.send("set-pending-action", key | {"pending_action": action.upper()}, asks=asks)

    # --------------------------------------------------------------------------------------------------------- nodes

    def _strike_node(self, action: str, task: int | None) -> None:
        world, now = self.world, self.world.loop.now
        there = [node for node in world.nodes.values() if any(job.task == task for job in node.jobs.values())]
        node: Node = world.weather.choose(there or list(world.nodes.values()))
        node.advance(now)
        world.weather.harm(node.name)
        least, most = AWAY.get(action, (5.0, 150.0))
        match action:
            case "vanish" | "vanish for long" | "vanish and be ordered about":
                node.vanish(now)
                if action == "vanish and be ordered about":
                    world.loop.call_later(world.weather.seconds(30.0, 60.0), self._order_about, node)
                world.loop.call_later(world.weather.seconds(least, most), self._come_back, node)
            case "crash" | "crash and forget":
                for uuid in node.crash(now, forgets=action == "crash and forget"):
                    world.weather.harm(uuid)
                world.loop.call_later(world.weather.seconds(least, most), self._come_back, node)
            case "change the token":
                node.token = f"token{int(now)}"
                node.back_at = inf  # As good as away.
                world.loop.call_later(world.weather.seconds(least, most), self._tell_token, node)
            case _:
                self._strike_job(action, node)

    def _order_about(self, node: Node) -> None:
        """Order something about a task whose node is away."""
        there = [task for task, job in self.world.disk.rows(
            "SELECT id, job_uuid FROM tasks WHERE stage IN ('uploading', 'processing', 'collecting')"
        ) if job in node.jobs or job in node.uploads]  # fmt: skip
        if there:
            self._order(self.world.weather.choose(("cancel", "cancel", "remove", "restart")), there[0])

    def _strike_job(self, action: str, node: Node) -> None:
        if not node.jobs:
            return
        uuid = self.world.weather.choose(list(node.jobs))
        self.world.weather.harm(uuid)
        job = node.jobs[uuid]
        match action:
            case "forget a job":
                del node.jobs[uuid]
            case "hide a job":
                job.hidden = 1
            case "lose results":
                job.results = job.state != COMPLETED

    def _come_back(self, node: Node) -> None:
        node.come_back(self.world.loop.now)

    def _tell_token(self, node: Node) -> None:
        """Tell the daemon the token that the node has now."""
        for id_, token in self.world.disk.rows("SELECT id, token FROM processing_nodes WHERE url = ?", node.url):
            if token != node.token:
                node.back_at = self.world.loop.now
                self.world.producer.send("update-processing-node", {"processing_node": id_, "token": node.token})

    def _remove_node(self) -> None:
        """Take a node away by force, and make it known again later."""
        found = self.world.disk.rows("SELECT id, url FROM processing_nodes ORDER BY id")
        if found:
            id_, url = self.world.weather.choose(found)
            self.world.watch.removed_nodes.add(self.world.nodes[url].name)
            self.world.weather.harm(self.world.nodes[url].name)
            self.world.producer.send("remove-processing-node", {"processing_node": id_, "force": True})
            self.world.loop.call_later(self.world.weather.seconds(1.0, 200.0), self.add_node, self.world.nodes[url])

    def add_node(self, node: Node) -> None:
        """Make a node known."""
        body = {"url": node.url} | ({"token": node.token} if node.token else {})
        self.world.producer.send("add-processing-node", body)

    # ---------------------------------------------------------------------------------------------------------- calm

    def end(self) -> None:
        """Mend everything: from here on nothing goes wrong."""
        world = self.world
        world.weather.calm = True
        world.trace.note("calm")
        self._disk_mended()
        world.disk.busy = 0
        world.broker.start()
        for node in world.nodes.values():
            node.come_back(world.loop.now)
        self.make_known()

    def make_known(self) -> None:
        """See to it that the daemon knows every node, and its token."""
        known = {url for (url,) in self.world.disk.rows("SELECT url FROM processing_nodes")}
        for node in self.world.nodes.values():
            if node.url in known:
                self._tell_token(node)
            else:
                self.add_node(node)
