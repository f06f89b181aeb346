import {
  type ChannelOptions,
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { EchoPeer } from "./peer.js";

const identity = (bytes: Buffer): Buffer => bytes;

// The serialisers do nothing: what is measured is the RPC, not Protobuf.
const service: ServiceDefinition = {
  echo: {
    path: "/bench.Echo/echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
};

const options: ChannelOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
};

/** Unary gRPC, by @grpc/grpc-js. */
export const grpc: EchoPeer = {
  serve() {
    const server = new Server(options);
    server.addService(service, {
      echo: (
        call: { request: Buffer },
        callback: (error: Error | null, reply: Buffer) => void,
      ): void => callback(null, call.request),
    });
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
  async connect(port) {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 5000, (error) => (error ? reject(error) : resolve()));
    });
    return {
      echo: (payload) =>
        new Promise((resolve, reject) => {
          const body = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
          client.makeUnaryRequest<Buffer, Buffer>(
            "/bench.Echo/echo",
            identity,
            identity,
            body,
            (error, reply) =>
              reply === undefined ? reject(error ?? new Error("no reply")) : resolve(reply),
          );
        }),
      close: () => client.close(),
    };
  },
};
