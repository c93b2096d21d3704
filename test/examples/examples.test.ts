/** The ten-line examples: each prints what its comments say, and the README shows them as they are. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const EXAMPLES = ["conv2d", "signal", "conv3D", "conv3d2d", "c01b"];
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

const run = promisify(execFile);

describe.each(EXAMPLES)("examples/%s.ts", (name) => {
  const path = `examples/${name}.ts`;
  const source = readFileSync(join(ROOT, path), "utf8");

  it("prints, line by line, what its comments say", async () => {
    const expected = source
      .split("\n")
      .filter((line) => line.startsWith("console.log("))
      .map(promised);
    expect(expected.length).toBeGreaterThan(1);
    const { stdout, stderr } = await run(process.execPath, ["--import", "tsx", path], { cwd: ROOT });
    expect(stdout.trimEnd().split("\n")).toEqual(expected);
    expect(stderr).toBe("");
  });

  it("is about ten lines long", () => {
    const code = source.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("//"));
    expect(code.length).toBeLessThanOrEqual(13);
  });

  it("stands in the README", () => {
    expect(readme).toContain(`\`\`\`ts\n${source}\`\`\`\n`);
    expect(readme).toContain(`[${path}](${path})`);
  });
});

/** `console.log(…); // what is printed: and why` */
function promised(line: string): string {
  const comment = line.match(/; \/\/ (.*?)(: .*)?$/)?.[1];
  if (comment === undefined) throw new Error(`no comment says what this prints: ${line}`);
  return comment;
}
