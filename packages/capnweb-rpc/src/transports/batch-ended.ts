/**
 * Why the session of a batch is over. One for all: making an error costs as much as several calls,
 * and where it was made would tell nothing. spec/capnweb.md §2.3
 */
export const batchEnded: Error = new Error("Batch RPC request ended.");
