/** The event loop's turns: when it must have the next one, however many jobs are awaited one after the other. */

/** Half of what R12 allows a task: a tile that is under way when the slice ends is not cut short. */
const SLICE_MS = 4;

export class Turn {
  /** Until when there may be computed in the present turn. */
  end = 0;
  private marked = false;

  /** There is work in this turn. The next one is asked for now: whether it has come by itself could not be told otherwise. */
  begin(): void {
    if (this.marked) return;
    this.marked = true;
    this.end = performance.now() + SLICE_MS;
    void macrotask().then(() => {
      this.marked = false;
    });
  }

  get over(): boolean {
    return performance.now() >= this.end;
  }

  /** Let the event loop have its turn; who comes back has a turn to itself. */
  async next(): Promise<void> {
    await macrotask();
    this.end = performance.now() + SLICE_MS;
  }
}

/** A turn of the event loop. Never a timer: browsers hold those back to 4 ms, and to a second in hidden pages. */
export function macrotask(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
declare const setImmediate: ((callback: () => void) => unknown) | undefined;
