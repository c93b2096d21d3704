/** The network in a page: it learns in steps between which the page lives, and reads whenever it is asked to. */
import { type Capabilities, createEngine, type Engine } from "simdconv";
import { BATCH, type Moment, SPEC, teach } from "../../../examples/lenet/lesson.ts";
import { LeNet, type Reading } from "../../../examples/lenet/network.ts";
import type { DigitSets } from "./digits.ts";

/** After whatever else the page has to do. Not by a timer: those wait four milliseconds. */
const nextTask = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });

export interface Lesson {
  readonly epochs: number;
  readonly batch?: number;
  readonly signal: AbortSignal;
  /** After each step; what it does is not counted as learning. */
  seen(moment: Moment): void | Promise<void>;
}

export class Pupil {
  private readonly engine: Engine;
  private network: LeNet | undefined;
  private learning = false;
  /** A network has one set of maps: between a step's way forward and its way back nobody else may use them. */
  private readonly waiting: (() => Promise<void>)[] = [];
  private serving = Promise.resolve();

  static async start(): Promise<Pupil> {
    return new Pupil(await createEngine());
  }

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  get capabilities(): Capabilities {
    return this.engine.capabilities();
  }

  /** A network that knows nothing yet, taught until the epochs are over. Throws the signal's reason. */
  async learn({ learning, testing }: DigitSets, { epochs, batch = BATCH, signal, seen }: Lesson): Promise<void> {
    this.learning = true;
    await this.serving;
    const pause = async () => {
      await this.serve();
      await nextTask();
      signal.throwIfAborted();
    };
    try {
      this.network?.dispose();
      this.network = undefined;
      this.network = await LeNet.create(this.engine, { batch, seed: SPEC.seed });
      for await (const moment of teach(this.network, learning, testing, { ...SPEC, epochs }, pause)) {
        await seen(moment);
        await pause();
      }
    } finally {
      this.learning = false;
      await this.serve();
    }
  }

  /** What it takes each image for, as much as it knows by now; nothing before its first lesson. A batch at the most. */
  read(pixels: Float32Array): Promise<Reading[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push(async () => (this.network?.read(pixels) ?? Promise.resolve([])).then(resolve, reject));
      if (!this.learning) void this.serve();
    });
  }

  /** One after the other. */
  private serve(): Promise<void> {
    this.serving = this.serving.then(async () => {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await next();
    });
    return this.serving;
  }
}
