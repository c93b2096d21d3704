/** What moves in the movie, and how fast: conv3d2d over a few photographs at a time, and energies from its answers. */
import { type CompiledOp, conv3d2d } from "simdconv";
import { buildMotionBank } from "../../../examples/motion/bank.ts";
import { energiesOf, likeliestSpeed, shareToTheRight, totals } from "../../../examples/motion/energy.ts";
import { type Movie, makeMovie } from "../../../examples/motion/movie.ts";
import type { Photograph } from "../../../examples/motion/plate.ts";
import { findCat } from "../../../examples/motion/silhouette.ts";
import { findWall, type Wall } from "../../../examples/motion/wall.ts";
import { blur, readPlate } from "./plate.ts";

const bank = buildMotionBank();
const [, WINDOW] = bank.shape;
/** Photographs at either end that have no answer, as it would need more. */
export const EDGE = (WINDOW - 1) / 2;

/** What moves around one photograph. */
export interface Moment {
  readonly speeds: readonly number[];
  /** Energy of each speed, of the whole picture. */
  readonly energies: readonly number[];
  /** Pixel by pixel, of what moves right and of what moves left. */
  readonly right: Float32Array;
  readonly left: Float32Array;
  /** Of the energy of all that moves. */
  readonly shareToTheRight: number;
  /** Pixels of a photograph per frame; positive is to the right. */
  readonly speed: number;
  readonly ms: number;
}

export class Motion {
  readonly photographs: readonly Photograph[];
  readonly wall: Wall;
  readonly movie: Movie;
  private readonly op: CompiledOp;
  private readonly out: { readonly data: Float32Array; readonly shape: readonly number[] };

  private constructor(photographs: readonly Photograph[], wall: Wall, movie: Movie, op: CompiledOp) {
    this.photographs = photographs;
    this.wall = wall;
    this.movie = movie;
    this.op = op;
    const shape = op.plan.outputShape;
    this.out = { data: new Float32Array(shape.reduce((a, b) => a * b)), shape };
  }

  static async open(): Promise<Motion> {
    const photographs = await readPlate();
    const cats = await Promise.all(photographs.map((photograph) => findCat(photograph, blur)));
    const wall = await findWall(photographs, cats, blur);
    const movie = makeMovie(photographs, cats, wall);
    const op = await conv3d2d.conv3d.compile({
      signalsShape: [1, WINDOW, 1, movie.rows, movie.columns],
      filtersShape: bank.shape,
      borderMode: ["valid", "half", "half"],
      dtype: "float32",
    });
    await op.setFilters({ data: bank.weights, shape: bank.shape });
    return new Motion(photographs, wall, movie, op);
  }

  get plan() {
    return this.op.plan;
  }

  /** Photograph `t` with its neighbours, at least `EDGE` from either end. */
  async at(t: number): Promise<Moment> {
    const { rows, columns, brightness } = this.movie;
    const size = rows * columns;
    const data = brightness.subarray((t - EDGE) * size, (t + EDGE + 1) * size);
    const start = performance.now();
    await this.op.run({ data, shape: [1, WINDOW, 1, rows, columns] }, { out: this.out });
    const ms = performance.now() - start;
    const energies = energiesOf(this.out.data, this.out.shape, bank);
    const [all] = totals(energies);
    const { speeds } = bank;
    const [right, left] = [1, -1].map((way) => {
      const sum = new Float32Array(size);
      for (const [s, speed] of speeds.entries())
        if (Math.sign(speed) === way) for (let p = 0; p < size; p++) sum[p] += energies.values[s * size + p];
      return sum;
    });
    return {
      speeds,
      energies: all,
      right,
      left,
      shareToTheRight: shareToTheRight([all], speeds),
      speed: likeliestSpeed(all, speeds),
      ms,
    };
  }
}
