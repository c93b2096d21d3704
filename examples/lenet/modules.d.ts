// What is used of the example's own packages; written down here, so that `npm run check` needs none of them installed.

declare module "cli-progress" {
  export class SingleBar {
    constructor(options: { format: string; barsize: number; hideCursor: boolean; clearOnComplete: boolean });
    start(total: number, value: number, payload: Record<string, string>): void;
    update(value: number, payload: Record<string, string>): void;
    stop(): void;
  }
}
