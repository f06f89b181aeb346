import type { ByteStream, MessagePipe, TransportInfo, WireError } from "@proj/wire-types";

// WebSocket's codes, which other pipes may ignore. spec/xcp.md §20
const PIPE_NORMAL = 1000;
const PIPE_PROTOCOL_ERROR = 1002;

/** What a {@link Port} tells the connection. */
interface PortHandlers {
  data(bytes: Uint8Array): void;
  lentData(bytes: Uint8Array): void;
  released(parts: readonly Uint8Array[]): void;
  drain(): void;
  end(): void;
  close(error: WireError | undefined): void;
}

/** The one shape in which a connection sees byte streams and message pipes. */
export interface Port {
  readonly info: TransportInfo;
  /** `messages`: a frame is a message. */
  readonly framing: "bytes" | "messages";
  open(handlers: PortHandlers): void;
  write(parts: readonly Uint8Array[]): boolean;
  end(how: "normally" | "because of an error"): void;
  pause(): void;
  resume(): void;
  destroy(error?: WireError): void;
}

/** Gives any transport the shape of a {@link Port}. */
export function portOf(transport: ByteStream | MessagePipe): Port {
  return "write" in transport ? streamPort(transport) : pipePort(transport);
}

function streamPort(stream: ByteStream): Port {
  return {
    info: stream.info,
    framing: "bytes",
    open: (handlers) => stream.open(handlers),
    write: (parts) => stream.write(parts),
    end: () => stream.end(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    destroy: (error) => stream.destroy(error),
  };
}

function pipePort(pipe: MessagePipe): Port {
  return {
    info: pipe.info,
    framing: "messages",
    open: (handlers) =>
      pipe.open({
        message: (message) => handlers.data(message),
        drain: () => handlers.drain(),
        close: (error) => handlers.close(error),
      }),
    write: (parts) => pipe.send(parts),
    end: (how) => pipe.end(how === "normally" ? PIPE_NORMAL : PIPE_PROTOCOL_ERROR),
    pause: () => pipe.pause(),
    resume: () => pipe.resume(),
    destroy: (error) => pipe.destroy(error),
  };
}
