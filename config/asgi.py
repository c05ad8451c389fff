"""The front door: machines get a slim handler, people the stock one, sockets are checked first."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402 - the apps must be loaded first
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import path  # noqa: E402

from approvals.consumers import DeskConsumer  # noqa: E402
from config.front_door import MachineHandler, by_path  # noqa: E402
from config.lifespan import Lifespan  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": by_path(machines=MachineHandler(), people=get_asgi_application()),
        "websocket": OriginValidator(
            AuthMiddlewareStack(URLRouter([path("ws/desk", DeskConsumer.as_asgi())])),
            settings.ORIGINS,
        ),
        "lifespan": Lifespan(),
    }
)
