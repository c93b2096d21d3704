/** The movie: the photographs laid onto the wall where each belongs, as one camera that stands still would have taken them. */
import type { Photograph } from "./plate.ts";
import { FLOOR, type Silhouette } from "./silhouette.ts";
import type { Wall } from "./wall.ts";

export interface Movie {
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
  /** As `conv3d2d` wants it: one movie, frames, one channel, rows, columns. */
  readonly shape: readonly [number, number, number, number, number];
  /** How much brighter than the wall, 0 where no photograph reaches. */
  readonly brightness: Float32Array;
}

/** Pixels of a photograph to a pixel of the movie, both ways: the ruling of the wall, 10 pixels fine, is to vanish and the cat to stay. */
export const SCALE = 4;
/** Every photograph fades out towards its sides, in pixels: they move with the cat and would be taken for it. */
const FADE = 12;

export function makeMovie(photographs: readonly Photograph[], cats: readonly Silhouette[], wall: Wall): Movie {
  const { width, height } = photographs[0];
  const rows = Math.floor(height / SCALE);
  const columns = Math.ceil((width + Math.max(...wall.positions)) / SCALE);
  const brightness = new Float32Array(photographs.length * rows * columns);
  photographs.forEach(({ grey }, t) => {
    const level = wallLevel(grey.subarray(0, Math.round(FLOOR * height) * width), cats[t].mask);
    for (let y = 0; y < rows * SCALE; y++) {
      for (let x = 0; x < width; x++) {
        const fade = Math.min(1, (Math.min(x, width - 1 - x) + 0.5) / FADE, (Math.min(y, height - 1 - y) + 0.5) / FADE);
        const at = Math.floor((wall.positions[t] + x) / SCALE);
        const value = (fade * (grey[y * width + x] / level - 1)) / SCALE ** 2;
        brightness[(t * rows + Math.floor(y / SCALE)) * columns + at] += value;
      }
    }
  });
  const frames = photographs.length;
  return { frames, rows, columns, shape: [1, frames, 1, rows, columns], brightness };
}

/** The same pictures in another order. */
export function reorder(movie: Movie, order: readonly number[]): Float32Array {
  const size = movie.rows * movie.columns;
  const mixed = new Float32Array(movie.brightness.length);
  order.forEach((from, to) => {
    mixed.set(movie.brightness.subarray(from * size, (from + 1) * size), to * size);
  });
  return mixed;
}

/** Prints differ in how dark they came out; what counts is the contrast to their own wall. */
function wallLevel(grey: Uint8Array, cat: Uint8Array): number {
  const wall = grey.filter((_, p) => !cat[p]).sort();
  return wall[wall.length >> 1];
}
