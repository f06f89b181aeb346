import type { Address, DatagramSocket, DatagramSocketHandlers } from "@proj/wire-types";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { type Case, check, checkThrows } from "./case.js";
import type { MakePair } from "./pair.js";
import { settle, until } from "./waiting.js";

/** What every `DatagramSocket` must do; `makePair` binds two sockets that reach each other. */
export function datagramSocketCases(makePair: MakePair<DatagramSocket>): readonly Case[] {
  const bound = (name: string, body: (a: Inbox, b: Inbox) => Promise<void>): Case => ({
    name,
    async run() {
      const pair = await makePair();
      try {
        await body(new Inbox(pair.a), new Inbox(pair.b));
      } finally {
        pair.a.close();
        pair.b.close();
        await pair.dispose();
      }
    },
  });
  return [
    bound("carries datagrams and says where they came from", answers),
    bound("keeps every datagram whole", wholeDatagrams),
    bound("lets the caller reuse a buffer after sending it", reusedBuffer),
    bound("closes once, without an error, and is silent from then on", closing),
    bound("opens exactly once", async (a) => {
      checkThrows(() => a.socket.open(a), "the second open was accepted");
    }),
  ];
}

class Inbox implements DatagramSocketHandlers {
  readonly socket: DatagramSocket;
  readonly datagrams: { readonly bytes: Uint8Array; readonly from: Address }[] = [];
  closes = 0;
  error: unknown;

  constructor(socket: DatagramSocket) {
    this.socket = socket;
    socket.open(this);
  }

  datagram(bytes: Uint8Array, from: Address): void {
    check(this.closes === 0, "a datagram arrived after close");
    this.datagrams.push({ bytes: new Uint8Array(bytes), from });
  }

  close(error: unknown): void {
    this.closes++;
    this.error = error;
  }

  has(bytes: Uint8Array): boolean {
    return this.datagrams.some((datagram) => equalBytes(datagram.bytes, bytes));
  }
}

// Datagrams may get lost: whoever waits for one sends it again.
async function deliver(from: Inbox, to: Inbox, bytes: Uint8Array, address: Address): Promise<void> {
  await until(() => {
    if (!to.has(bytes)) from.socket.send(bytes, address);
    return to.has(bytes);
  }, `a datagram of ${bytes.length} bytes`);
}

async function answers(a: Inbox, b: Inbox): Promise<void> {
  await deliver(a, b, Uint8Array.of(1, 2, 3), b.socket.local);
  const [first] = b.datagrams;
  check(first !== undefined, "no datagram was kept");
  await deliver(b, a, Uint8Array.of(4), first.from);
}

async function wholeDatagrams(a: Inbox, b: Inbox): Promise<void> {
  const random = new SeededRandom(5);
  const sizes = [1, 7, 100, 1200, 1452];
  const sent = sizes.map((size) => random.fill(new Uint8Array(size)));
  for (const bytes of sent) await deliver(a, b, bytes, b.socket.local);
  check(
    b.datagrams.every(({ bytes }) => sent.some((whole) => equalBytes(whole, bytes))),
    "a datagram arrived that was not sent like this",
  );
}

async function reusedBuffer(a: Inbox, b: Inbox): Promise<void> {
  const buffer = new Uint8Array(64);
  await until(() => {
    buffer.fill(7);
    a.socket.send(buffer, b.socket.local);
    buffer.fill(8);
    return b.datagrams.length > 0;
  }, "a datagram");
  check(
    b.datagrams.every(({ bytes }) => bytes.every((byte) => byte === 7)),
    "what was written after the call was sent",
  );
}

async function closing(a: Inbox, b: Inbox): Promise<void> {
  const address = a.socket.local;
  await deliver(b, a, Uint8Array.of(1), address);
  a.socket.close();
  await until(() => a.closes > 0, "close");
  check(!a.socket.send(Uint8Array.of(1), b.socket.local), "a closed socket claims to have sent");
  b.socket.send(Uint8Array.of(2), address);
  a.socket.close();
  await settle();
  check(a.closes === 1 && a.error === undefined, "it closed twice or with an error");
  check(!a.has(Uint8Array.of(2)), "a datagram arrived after close");
}
