import { serveProcess } from "@proj/bench";

await serveProcess((input) => {
  if (typeof input !== "object") process.exit(1);
  return {
    ready: input,
    ask(question) {
      if (question === "flags") return process.execArgv;
      if (question === "variable") return process.env["OF_THE_TEST"];
      if (typeof question !== "number") throw new Error("not a number");
      return question + 1;
    },
  };
});
