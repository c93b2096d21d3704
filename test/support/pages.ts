/** The pages of the documentation, and the programs that stand in them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesIn(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const onTop = readdirSync(ROOT).filter((name) => name.endsWith(".md"));

/** Every page, with its text. */
export const PAGES: ReadonlyMap<string, string> = new Map(
  [...onTop, ...["docs", "examples", "assembly", "bench", "test"].flatMap((folder) => filesIn(folder, ".md"))].map(
    (path) => [path, read(path)],
  ),
);

/** The text of every fence of a page that is marked as TypeScript. */
export function programsIn(text: string): string[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program]) => program);
}

const shown = new Set([...PAGES.values()].flatMap(programsIn));

/** The examples that stand in a page, whole and as they are. */
export const SNIPPETS = filesIn("examples", ".ts").filter((path) => shown.has(read(path)));

const sources = new Set(SNIPPETS.map(read));

/** Programs of a page that are no file of examples/, so that nobody runs them. */
export function strangersIn(text: string): string[] {
  return programsIn(text).filter((program) => !sources.has(program));
}
