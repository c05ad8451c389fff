"""What an ASGI server tells us about its own life: end the open streams before it goes."""

from typing import Any

from events import streams


class Lifespan:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                streams.drain()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
