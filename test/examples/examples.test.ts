/** The short examples: each prints what its comments say. That pages show them as they are is test/docs. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT, SNIPPETS } from "../support/pages.ts";

/** Lines of code of the one on top of the README; the others, which show more, may be longer. */
const TEN_LINES = 13;
const A_SCREEN = 24;

const printing = SNIPPETS.filter((path) => promises(path).length > 0);
const outputs = new Map<string, string>();

beforeAll(async () => {
  // All in one process, each after a line that names it.
  const program = printing.map((path) => `console.log("== ${path}"); await import("./${path}");`).join("\n");
  const arguments_ = ["--import", "tsx", "--input-type=module", "--eval", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, arguments_, { cwd: ROOT });
  expect(stderr).toBe("");
  for (const part of stdout.split("== ").slice(1)) {
    const [path, ...lines] = part.trimEnd().split("\n");
    outputs.set(path, lines.join("\n"));
  }
});

describe.each(printing)("%s", (path) => {
  it("prints, line by line, what its comments say", () => {
    expect(outputs.get(path)?.split("\n")).toEqual(promises(path));
  });

  it("is short", () => {
    const code = sourceOf(path)
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("//"));
    expect(code.length).toBeLessThanOrEqual(path === "examples/conv2d.ts" ? TEN_LINES : A_SCREEN);
  });
});

function sourceOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** What each `console.log(…);` of a program says that it prints: `// what is printed: and why` */
function promises(path: string): string[] {
  const lines = sourceOf(path).split("\n");
  return lines
    .filter((line) => line.startsWith("console.log("))
    .map((line) => {
      const comment = line.match(/; \/\/ (.*?)(: .*)?$/)?.[1];
      if (comment === undefined) throw new Error(`no comment says what this prints: ${line}`);
      return comment;
    });
}
