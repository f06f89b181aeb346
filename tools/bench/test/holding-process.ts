import { keepCpusAwake } from "@proj/bench";

const { state } = await keepCpusAwake();
process.send?.(state);
// Only a killed parent shows that the spinners do not outlive one that could not release them.
setInterval(() => undefined, 1000);
