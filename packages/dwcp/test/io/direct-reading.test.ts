import { afterEach, expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type AcceptedSocket, readByEvents, readDirectly } from "#src/io/net/direct-reading.js";
import { noise } from "../support/hde.js";

let server: Server | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  const closing = server;
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  server = undefined;
});

/** A connection that was taken over before anything was read from it, and the socket at its other end. */
async function accepted(): Promise<AcceptedSocket & { readonly client: Socket }> {
  const listening = createServer({ pauseOnConnect: true });
  server = listening;
  const taken = new Promise<AcceptedSocket>((resolve) => {
    listening.once("connection", (socket) => resolve(readDirectly(socket)));
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  const client = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  const result = { ...(await taken), client };
  sockets.push(client, result.socket);
  return result;
}

const sent = noise(1_000_000, 5);

test("a socket reads into the memory that its sink names, and elsewhere where it names none", async () => {
  const { socket, reading, client } = await accepted();
  if (reading === undefined) {
    // The portable backend: as Node reads by itself.
    expect(backend.kind).toBe("portable");
    return;
  }
  const place = new Uint8Array(sent.length);
  let count = 0;
  let lent = 0;
  reading.sink = {
    // After each odd stretch of what was lent, the rest belongs here.
    get space() {
      return lent === 0 || count === sent.length ? undefined : place.subarray(count);
    },
    filled: (bytes) => {
      count += bytes;
    },
    lent: (bytes) => {
      place.set(bytes, count);
      count += bytes.length;
      lent += bytes.length;
    },
  };
  client.end(sent);
  await once(socket, "end");
  expect(count).toBe(sent.length);
  expect(lent).toBeLessThan(sent.length / 4);
  expect(Buffer.from(place).equals(sent)).toBe(true);
});

test("a socket that was taken over can be read by events again, and writes as before", async () => {
  const { socket, reading, client } = await accepted();
  let first = 0;
  const heard = new Promise<void>((resolve) => {
    const note = (bytes: number) => {
      first += bytes;
      resolve();
    };
    if (reading === undefined) socket.once("data", ({ length }: Buffer) => note(length));
    else {
      reading.sink = {
        space: undefined,
        filled: () => undefined,
        lent: ({ length }) => note(length),
      };
    }
  });
  client.write("hello");
  await heard;
  expect(first).toBe(5);
  const again = reading === undefined ? socket : readByEvents(socket);
  sockets.push(again);
  client.write("again");
  expect(String((await once(again, "data"))[0])).toBe("again");
  again.end("and back");
  expect(String((await once(client, "data"))[0])).toBe("and back");
});
