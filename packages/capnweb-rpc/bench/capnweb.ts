import { type Fact, type Operation, type Pace, type Peer, runSuite } from "@proj/bench";
import { batchServer, type Connection, inProcess, overWebSocket } from "./support/connections.js";
import { libraries, type Library } from "./support/libraries.js";

const wide: Pace = { kind: "pipelined", inFlight: 64 };
const single: Pace = { kind: "sequential" };
const megabyte = new Uint8Array(1 << 20).map((_, at) => (at * 31) & 0xff);
const BATCH = 32;
const ITEMS = 1000;

type Connect = (library: Library) => Connection | Promise<Connection>;
type Use = (connection: Connection) => () => unknown;

const square: Use = ({ main }) => {
  let n = 0;
  return () => main.square(n++ & 1023);
};
const upload: Use =
  ({ main }) =>
  () =>
    main.size(megabyte);
const mapped: Use = ({ main }) => {
  return async () => {
    using numbers = main.numbers(ITEMS);
    return await numbers.map((n: unknown) => main.square(n));
  };
};

await runSuite({
  name: "capnweb",
  question: "What does a Cap'n Web call cost, next to npm capnweb?",
  cases: [
    compare("WebSocket, 64 calls under way", wide, 0.5, overWebSocket, square),
    compare("WebSocket, one call after the other", single, 0.7, overWebSocket, square),
    compare("in this process, 64 calls under way", wide, 0.5, inProcess, square),
    compare("in this process, one call after the other", single, 0.5, inProcess, square),
    compare("in this process, map() over 1000 items", single, 0.2, inProcess, mapped),
    compare("WebSocket, map() over 1000 items", single, 0.2, overWebSocket, mapped),
    {
      ...compare("in this process, 1 MiB of bytes", single, 0.66, inProcess, upload),
      payloadBytes: megabyte.length,
    },
    {
      ...compare("WebSocket, 1 MiB of bytes", single, 0.66, overWebSocket, upload),
      payloadBytes: megabyte.length,
    },
    {
      name: "HTTP batch of 32 calls",
      pace: single,
      compare: "cpu",
      // Its sessions end with it: between two turns nothing would hold the code that serves them.
      collect: "young",
      peers: peers(0.8, batch),
    },
  ],
  facts,
});

function compare(name: string, pace: Pace, atMost: number, connect: Connect, use: Use) {
  const open = async (library: Library): Promise<Operation> => {
    const connection = await connect(library);
    return { run: use(connection), close: () => connection.close() };
  };
  return { name, pace, compare: "cpu" as const, peers: peers(atMost, open) };
}

function peers(atMost: number, open: (library: Library) => Promise<Operation>): Peer[] {
  return libraries.map((library, at) => ({
    name: library.name,
    open: () => open(library),
    ...(at === 0 ? {} : { target: { atMost } }),
  }));
}

async function batch(library: Library): Promise<Operation> {
  const { url, close } = await batchServer(library);
  return {
    run: () => {
      const main = library.newHttpBatchRpcSession(url);
      return Promise.all(Array.from({ length: BATCH }, (_, n) => main.square(n)));
    },
    close,
  };
}

/** What crosses for one call of each kind, as a share of what the reference needs. */
async function facts(): Promise<Fact[]> {
  const kinds: readonly (readonly [string, Use])[] = [
    ["a call", square],
    ["1 MiB of bytes", upload],
    ["map() over 1000 items", mapped],
  ];
  const found: Fact[] = [];
  for (const [name, use] of kinds) {
    const ours = await trafficOf(libraries[0], use);
    const theirs = await trafficOf(libraries[1], use);
    const target = { atMost: 1 };
    found.push(
      { name: `messages of ${name}`, value: ours.messages, unit: "" },
      { name: "  ours / capnweb 0.12", value: ours.messages / theirs.messages, unit: "", target },
      { name: `characters of ${name}`, value: ours.characters, unit: "" },
      {
        name: "  ours / capnweb 0.12",
        value: ours.characters / theirs.characters,
        unit: "",
        target,
      },
    );
  }
  return found;
}

async function trafficOf(
  library: Library,
  use: Use,
): Promise<{ messages: number; characters: number }> {
  const connection = inProcess(library);
  await use(connection)();
  // The releases follow the answer.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { messages, characters } = connection.traffic;
  await connection.close();
  return { messages, characters };
}
