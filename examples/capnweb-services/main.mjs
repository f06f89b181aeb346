// Three services and a customer. What a service may do is what it was handed: the shop can take money from the purse
// that it gets for one purchase, and cannot even name the account.
import { newWebSocketRpcSession } from "@proj/capnweb-rpc";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { Bank } from "./bank.mjs";
import { Shop } from "./shop.mjs";
import { stock, Warehouse } from "./warehouse.mjs";

async function serve(main) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => newWebSocketRpcSession(socket, main));
  await once(server, "listening");
  return server;
}
const connect = (server) => newWebSocketRpcSession(`ws://127.0.0.1:${server.address().port}`);

const servers = [await serve(new Bank()), await serve(new Warehouse())];
const [bank, warehouse] = servers.map(connect);
servers.push(await serve(new Shop(warehouse)));
const shop = connect(servers[2]);

const account = bank.logIn("open sesame");
const buy = async (limit) => {
  // The purse reaches the shop through the customer, who can take it back.
  const purse = account.purse(limit);
  console.log(await shop.buy("lamp", purse, "Ada").catch((error) => error.message));
  purse[Symbol.dispose]();
};
const report = async () => {
  const balance = await account.balance();
  console.log(`lamps: ${stock.get("lamp")}, balance: ${balance}`);
};
await buy(50);
await report();
await buy(80);
await buy(80);
await report();

for (const session of [shop, warehouse, bank]) session[Symbol.dispose]();
for (const server of servers) server.close();
