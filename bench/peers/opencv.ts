// OpenCV.js: filter2D, a correlation over the whole image; its inner part is the "valid" result. (On a part of a larger image it
// could save the border, but would not transform large filters.)
import type { Numbers } from "../op-check.ts";
import { type Challenger, isPlainFiltering, type Library, type Peer } from "./peer.ts";

/** What is used of it; written down here, so that `npm run check` needs no installed peer. */
interface Mat {
  readonly data32F: Float32Array;
  delete(): void;
}
interface OpenCv {
  readonly CV_32FC1: number;
  readonly BORDER_CONSTANT: number;
  readonly Mat: new (rows: number, columns: number, type: number) => Mat;
  readonly Point: new (x: number, y: number) => object;
  filter2D(from: Mat, to: Mat, depth: number, kernel: Mat, anchor: object, delta: number, border: number): void;
  getBuildInformation(): string;
}

const NAME = "@techstark/opencv-js";

export async function open(): Promise<Library> {
  const { default: loading } = (await import(NAME)) as { default: Promise<OpenCv> };
  const cv = await loading;
  const version = /OpenCV (\S+)/.exec(cv.getBuildInformation())?.[1] ?? "";
  return { peers: [peer(cv)], version, close() {} };
}

function peer(cv: OpenCv): Peer {
  return {
    name: "OpenCV.js",
    kind: "wasm",
    accuracy: "transform",
    prepare: async (numbers) => (isPlainFiltering(numbers) ? prepare(cv, numbers) : null),
  };
}

function prepare(cv: OpenCv, { sum, image, filter }: Numbers): Challenger {
  const [, rows, columns] = sum.image;
  const [, height, width] = sum.taps;
  const mats = (count: number, h: number, w: number, from?: Float32Array) =>
    Array.from({ length: count }, (_, i) => {
      const mat = new cv.Mat(h, w, cv.CV_32FC1);
      if (from) mat.data32F.set(from.subarray(i * h * w, (i + 1) * h * w));
      return mat;
    });
  const images = mats(sum.batch, rows, columns, image);
  const filters = mats(sum.filters, height, width, filter);
  const results = mats(sum.batch * sum.filters, rows, columns);
  const centre = new cv.Point(-1, -1);
  return {
    call() {
      images.forEach((from, n) => {
        filters.forEach((kernel, o) => {
          cv.filter2D(from, results[n * sum.filters + o], -1, kernel, centre, 0, cv.BORDER_CONSTANT);
        });
      });
    },
    result() {
      const [, h, w] = sum.result;
      const inner = new Float32Array(results.length * h * w);
      results.forEach(({ data32F }, plane) => {
        for (let y = 0; y < h; y++) {
          const from = (y + (height >> 1)) * columns + (width >> 1);
          inner.set(data32F.subarray(from, from + w), (plane * h + y) * w);
        }
      });
      return inner;
    },
    dispose() {
      for (const mat of [...images, ...filters, ...results]) mat.delete();
    },
  };
}
