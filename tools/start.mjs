// `npm start [-- options]`: the demonstration of the reference node; its options follow.
import { become, ready } from "./ready.mjs";

ready("@proj/reference-node...");
become(["apps/reference-node/dist/main.js", "demo", ...process.argv.slice(2)]);
