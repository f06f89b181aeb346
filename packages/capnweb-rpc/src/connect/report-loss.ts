import { CapnwebError } from "../errors.js";
import {
  type AnyRpcTransport,
  announceDelivery,
  announcePieces,
  deliveryOf,
  takesPieces,
} from "../session/transport.js";

/**
 * Wraps `transport` so that its failure says what it means for a caller: the connection is lost, and
 * whether the calls in flight were carried out is not known. spec/capnweb.md §18.2
 */
export function reportLoss(transport: AnyRpcTransport): AnyRpcTransport {
  const send = transport.send.bind(transport) as (message: unknown) => unknown;
  const wrapped = {
    encodingLevel: transport.encodingLevel,
    send: (message: unknown): unknown => {
      try {
        return settled(send(message));
      } catch (error) {
        throw lost(error);
      }
    },
    receive: async (): Promise<unknown> => {
      try {
        return await transport.receive();
      } catch (error) {
        throw lost(error);
      }
    },
    abort: (reason: unknown): void => transport.abort?.(reason),
  };
  if (takesPieces(transport)) announcePieces(wrapped);
  const deliver = deliveryOf(transport);
  if (deliver !== undefined) {
    announceDelivery(wrapped, (sink) =>
      deliver({
        received: (message) => sink.received(message),
        failed: (reason) => sink.failed(lost(reason)),
      }),
    );
  }
  return wrapped as AnyRpcTransport;
}

/** A promise of having been sent fails for the same reason. */
function settled(answer: unknown): unknown {
  if (!(answer instanceof Promise)) return answer;
  return answer.catch((error: unknown) => {
    throw lost(error);
  });
}

function lost(cause: unknown): CapnwebError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CapnwebError(
    "capnweb.connection_lost",
    `connection lost, the outcome of calls in flight is unknown: ${why}`,
    { cause },
  );
}
