"""A server of py-capnweb: prints its port, and ends with its standard input."""

import asyncio
import os
import sys

from capnweb.error import RpcError
from capnweb.server import Server, ServerConfig
from capnweb.types import RpcTarget


class Main(RpcTarget):
    async def call(self, method, args):
        match method:
            case "add":
                return args[0] + args[1]
            case "echo":
                return args[0]
            case "user":
                return {"id": 7, "name": "Ada"}
            case "fail":
                raise RpcError.permission_denied("no entry", {"why": "closed"})
            case _:
                raise RpcError.not_found(f"no method {method}")

    async def get_property(self, name):
        raise RpcError.not_found(name)


async def main():
    server = Server(ServerConfig(host="127.0.0.1", port=0))
    server.register_capability(0, Main())
    await server.start()
    print(f"port:{server.port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # An orderly stop waits for connections that clients keep alive.
    os._exit(0)


asyncio.run(main())
