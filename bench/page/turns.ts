/** Giving way to the event loop. */

/** After whatever waits already; unlike a timer's, its turn comes at once. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

export const nextFrame = () => new Promise<number>(requestAnimationFrame);

/** Calls at once, then at most every `ms`: drawing takes time from what is measured. */
export function sparingly(ms: number, action: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - last < ms) return;
    action();
    last = performance.now();
  };
}
