/** What the tests use of runtimes whose types are not installed. */
declare const Deno: { test(name: string, run: () => Promise<void>): void };

declare module "bun:test" {
  export function test(name: string, run: () => Promise<void>, milliseconds: number): void;
}
