// The same questions twice: one request after the other, and all of them in one.
import { newHttpBatchRpcSession, nodeHttpBatchRpcResponse, RpcTarget } from "@proj/capnweb-rpc";
import { createServer } from "node:http";
import { once } from "node:events";

const users = new Map([["alice", { id: 1, friends: [2, 3] }]]);
const profiles = new Map([
  [1, "Alice, Lisbon"],
  [2, "Bob, Oslo"],
  [3, "Carol, Quito"],
]);

class Directory extends RpcTarget {
  user(name) {
    return users.get(name);
  }
  profile(id) {
    return profiles.get(id);
  }
}

let requests = 0;
const server = createServer((request, response) => {
  requests++;
  void nodeHttpBatchRpcResponse(request, response, new Directory());
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

/** A session is one request: it takes every call of this turn along. */
const directory = () => newHttpBatchRpcSession(`http://127.0.0.1:${server.address().port}`);

async function told(how, ask) {
  requests = 0;
  const lines = await ask();
  console.log(`${how}, round trips: ${requests}. ${lines.join("; ")}`);
}

await told("sequential", async () => {
  const user = await directory().user("alice");
  const lines = [await directory().profile(user.id)];
  for (const friend of user.friends) lines.push(await directory().profile(friend));
  return lines;
});

await told("batch", async () => {
  const main = directory();
  const user = main.user("alice");
  // Neither the id nor the list of friends is here: map() runs where they are.
  const own = main.profile(user.id);
  const friends = user.friends.map((friend) => main.profile(friend));
  const [mine, theirs] = await Promise.all([own, friends]);
  return [mine, ...theirs];
});

server.close();
