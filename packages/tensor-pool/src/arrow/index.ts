export { arrowTable, arrowValues } from "./arrow-view.js";
export { tensorOfArrow } from "./tensor-of-arrow.js";
