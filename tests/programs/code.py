"""A coding agent: asks over MCP with the real client, waits as it is told to, and says what came.

Usage: code.py TITLE, with AXME_BASE_URL and AXME_API_KEY set.
"""

import json
import os
import sys

from axme import AxmeClient, AxmeClientConfig

config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    agreed = client.mcp_initialize()
    tools = {tool["name"] for tool in client.mcp_list_tools()["tools"]}
    print(json.dumps({"agreed": agreed["protocolVersion"], "tools": sorted(tools)}), flush=True)
    asked = client.mcp_call_tool(
        "axme.request_approval",
        arguments={"title": sys.argv[1], "payload": {"command": "DROP TABLE orders"}},
        idempotency_key=sys.argv[1],
    )
    print(json.dumps({"asked": asked["data"]}), flush=True)
    while True:
        told = client.mcp_call_tool(
            "axme.wait_for_approval",
            arguments={"intent_id": asked["data"]["intent_id"], "wait_seconds": 10},
        )
        if told["data"]["decided"]:
            break
    print(json.dumps({"answered": told["data"]}), flush=True)
