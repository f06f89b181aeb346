"""A peer that is py-capnweb: `peer.py client PORT` calls, `peer.py server` serves; findings go to standard output."""

import asyncio
import json
import sys

from capnweb.client import Client, ClientConfig
from capnweb.error import RpcError
from capnweb.server import Server, ServerConfig
from capnweb.types import RpcTarget


async def outcome(make):
    """What a call gives, or the error that it fails with."""
    try:
        return {"value": await asyncio.wait_for(make(), 10)}
    except RpcError as error:
        return {"code": error.code.value, "message": error.message}
    except Exception as error:  # the port raises what it likes
        return {"error": type(error).__name__, "message": str(error)}


async def client(port):
    findings = {}
    config = ClientConfig(url=f"http://127.0.0.1:{port}/rpc/batch")
    async with Client(config) as peer:

        def call(method, *args):
            return outcome(lambda: peer.call(0, method, list(args)))

        findings["add"] = await call("add", 5, 3)
        findings["sum"] = await call("sum", [1, 2, 3])
        findings["user"] = await call("user", "alice")
        findings["pairs"] = await call("pairs")
        findings["fail"] = await call("fail")
        findings["missing"] = await call("missing")
        findings["nested"] = await call("echo", [[1], [2]])

        async def property_of_result():
            return await peer.pipeline().call(0, "user", ["alice"]).id

        findings["property"] = await outcome(property_of_result)

        async def result_as_argument():
            batch = peer.pipeline()
            user = batch.call(0, "user", ["alice"])
            return await batch.call(0, "echo", [user.id])

        findings["argument"] = await outcome(result_as_argument)
    print(json.dumps(findings))


class Main(RpcTarget):
    async def call(self, method, args):
        match method:
            case "add":
                return args[0] + args[1]
            case "user":
                return {"id": 7}
            case "echo":
                return args[0]
            case _:
                raise RpcError.not_found(f"Unknown method: {method}")

    async def get_property(self, name):
        raise RpcError.not_found(f"Unknown property: {name}")


async def server(port):
    peer = Server(ServerConfig(host="127.0.0.1", port=port))
    peer.register_capability(0, Main())
    await peer.start()
    print("ready", flush=True)
    # Ends with its parent, whose pipe this is.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run({"client": client, "server": server}[sys.argv[1]](int(sys.argv[2])))
