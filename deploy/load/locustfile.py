"""Users who ask for pictures, one after the other, each as soon as the last one came.

images-mock --tier off --latency measured --capacity 4
locust -f deploy/load/locustfile.py --host http://127.0.0.1:6780 --headless -u 16 -r 16 -t 5m
"""

from __future__ import annotations

from typing import Any

from locust import FastHttpUser, constant, events, task


class Painter(FastHttpUser):
    """One of them. More of them than the server has places wait in line."""

    wait_time = constant(0)
    network_timeout = connection_timeout = 600  # as the SDK

    @task(4)
    def generate(self) -> None:
        """A new picture."""
        self._ask("generate", model="dall-e-3", prompt="a lighthouse at dawn")

    @task(1)
    def stream(self) -> None:
        """The same in pieces, by a model that can."""
        self._ask("stream", model="gpt-image-2", prompt="a fox", stream=True, partial_images=2)

    def _ask(self, name: str, **body: Any) -> None:
        key = {"Authorization": "Bearer sk-mock-load"}
        answer = self.client.post("/v1/images/generations", json=body, headers=key, name=name)
        # What the server says it took, the wait in line with it: the rest is the way there.
        if milliseconds := (answer.headers or {}).get("openai-processing-ms"):
            events.request.fire(
                request_type="server",
                name=name,
                response_time=int(milliseconds),
                response_length=0,
                exception=None,
            )
