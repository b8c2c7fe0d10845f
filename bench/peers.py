"""The products that beside.py measures: how each is started, sent to and asked how many spans it shows."""

import http.client
import json
import re
import sys
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from spans import START_NS

ADMIN = ("a@example.org", "correct horse battery staple")
ASK_SECONDS = 60


@dataclass(kw_only=True)
class Product:
    """One product. `python`: the interpreter that has it; `headers`: what every request carries."""

    name: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]
    port: ClassVar[int]
    rests_after: ClassVar[float] = 2.0
    """Seconds after which at the earliest nothing more is to be done with what was found."""

    python: Path
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/x-protobuf"})

    @abstractmethod
    def command(self, home: Path) -> list[str]:
        """What starts it."""

    @abstractmethod
    def env(self, home: Path) -> dict[str, str]:
        """What its processes are told."""

    @abstractmethod
    def count(self) -> int:
        """How many spans it shows whoever asks it. Raises OSError, ValueError or KeyError where it does not answer."""

    def prepare(self, run: Callable[[str], str], script: str) -> None:
        """What has to be there before it takes spans."""

    def tidy(self, run: Callable[..., str]) -> None:
        """What is left to do after it ended in order."""

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[Any, bytes]:
        """One request. Raises OSError where it fails."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ASK_SECONDS)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            data = answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise OSError(f"{self.title} answers {answer.status}: {data[:200]!r}")
        return answer, data


@dataclass(kw_only=True)
class Annexa(Product):
    """Annexa as `annexa serve` starts it, with the sealer it starts itself."""

    name = "annexa"
    title = "Annexa"
    package = "annexa"
    port = 8790
    rests_after = 24.0  # what arrives is sealed after twenty seconds at the latest

    cookies: dict[str, str] = field(default_factory=dict)

    def command(self, home: Path) -> list[str]:  # noqa: ARG002
        """`annexa serve`."""
        return [str(self.python), "-m", "annexa.cli.main", "serve", "--port", str(self.port)]

    def env(self, home: Path) -> dict[str, str]:
        """Its home."""
        return {
            "ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings", "ANNEXA_ACTIVITY_SPARE_MB": "64",
        }  # fmt: skip

    def prepare(self, run: Callable[[str], str], script: str) -> None:
        """A system, a source with its token, and somebody who signs in."""
        self.headers["Authorization"] = f"Bearer {run(script)}"
        answer, page = self.ask("GET", "/sign-in")
        self._keep(answer)
        form = {"csrfmiddlewaretoken": _csrf(page)}
        for one in re.findall(r"<input\b[^>]*>", page.decode()):
            said = dict(re.findall(r'(\w+)="([^"]*)"', one))
            if said.get("type") in {"email", "password"}:
                form[said["name"]] = ADMIN[said["type"] == "password"]
        answer, _ = self.ask(
            "POST", "/sign-in", urlencode(form).encode(), Cookie=self._cookie(),
            Content_Type="application/x-www-form-urlencoded",
        )  # fmt: skip
        self._keep(answer)
        if "sessionid" not in self.cookies:
            sys.exit("The benchmark could not sign in.")

    def count(self) -> int:
        """The number of events on the page of the system's activity; 0 before anybody signed in."""
        if "sessionid" not in self.cookies:
            self.ask("GET", "/healthz")
            return 0
        since = datetime.fromtimestamp(START_NS / 1e9, UTC) - timedelta(days=1)
        until = datetime.now(UTC) + timedelta(days=1)
        _, page = self.ask(
            "GET", f"/systems/bench/activity?since={since:%Y-%m-%d}&until={until:%Y-%m-%d}", Cookie=self._cookie()
        )
        found = re.search(r'class="count">([^<]*), newest first', page.decode())
        return int(re.sub(r"\D", "", found[1])) if found else 0

    def tidy(self, run: Callable[..., str]) -> None:
        """Seals what waits: a server that is stopped leaves that to the next start."""
        run(str(self.python), "-m", "annexa.cli.main", "logs", "seal", "--once")

    def _keep(self, answer: Any) -> None:
        for one in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = one.partition(";")[0].partition("=")
            self.cookies[name] = value

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


@dataclass(kw_only=True)
class Phoenix(Product):
    """Arize Phoenix as `phoenix serve` starts it."""

    name = "phoenix"
    title = "Arize Phoenix"
    package = "arize-phoenix"
    port = 8791

    def command(self, home: Path) -> list[str]:  # noqa: ARG002
        """`phoenix serve`."""
        return [str(self.python), "-m", "phoenix.server.main", "serve"]

    def env(self, home: Path) -> dict[str, str]:
        """Its folder, in which its SQLite lies, and its ports."""
        return {
            "PHOENIX_WORKING_DIR": str(home), "PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": str(self.port),
            "PHOENIX_GRPC_PORT": str(self.port + 1000), "PHOENIX_TELEMETRY_ENABLED": "false",
        }  # fmt: skip

    def count(self) -> int:
        """The records of all projects, from GraphQL as its pages ask."""
        body = json.dumps({"query": "{projects{edges{node{recordCount}}}}"}).encode()
        _, data = self.ask("POST", "/graphql", body, Content_Type="application/json")
        return sum(one["node"]["recordCount"] for one in json.loads(data)["data"]["projects"]["edges"])


@dataclass(kw_only=True)
class Mlflow(Product):
    """MLflow's tracking server with SQLite and one worker, which takes more a second than its usual four."""

    name = "mlflow"
    title = "MLflow"
    package = "mlflow"
    port = 8793

    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": "0"}
    )

    def command(self, home: Path) -> list[str]:
        """`mlflow server`."""
        return [
            str(self.python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", "1", "--backend-store-uri", f"sqlite:///{home}/mlflow.db",
            "--artifacts-destination", str(home / "artifacts"),
        ]  # fmt: skip

    def env(self, home: Path) -> dict[str, str]:  # noqa: ARG002
        """Nothing is told to others."""
        return {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

    def count(self) -> int:
        """The spans of the experiment, from its trace metrics as its pages ask."""
        asked = {
            "experiment_ids": ["0"], "view_type": "SPANS", "metric_name": "span_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
        }  # fmt: skip
        _, data = self.ask(
            "POST", "/api/3.0/mlflow/traces/metrics", json.dumps(asked).encode(), Content_Type="application/json"
        )
        points = json.loads(data).get("data_points", [])
        return round(points[0]["values"]["COUNT"]) if points else 0


def _csrf(page: bytes) -> str:
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
    return found[1].decode() if found else ""
