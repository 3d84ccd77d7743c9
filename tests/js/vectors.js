import { readFileSync } from "node:fs";

/** The vectors that both halves of the product read. */
export const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
