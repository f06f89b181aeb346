"""A client of py-capnweb: makes calls to the URL it is given, and prints as JSON what they came to."""

import asyncio
import json
import sys

from capnweb.client import Client, ClientConfig
from capnweb.error import RpcError


async def outcome(call):
    try:
        return {"found": await call}
    except RpcError as error:
        return {"failed": error.message}


async def main(url):
    results = {}
    async with Client(ClientConfig(url=url, timeout=5)) as client:
        results["add"] = await outcome(client.call(0, "add", [1, 2]))
        results["object"] = await outcome(client.call(0, "echo", [{"a": {"b": None}}]))
        results["list"] = await outcome(client.call(0, "list", []))
        results["array in an array"] = await outcome(client.call(0, "echo", [[1, [2]]]))
        results["fail"] = await outcome(client.call(0, "fail", []))
        batch = client.pipeline()
        user = batch.call(0, "user", [])
        name = user.name
        total = batch.call(0, "add", [4, 5])
        results["user"] = await outcome(user)
        results["name"] = await outcome(name)
        results["total"] = await outcome(total)
    print(json.dumps(results))


asyncio.run(main(sys.argv[1]))
