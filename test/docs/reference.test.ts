/** Whoever imports a name finds words with it: every export of an entry has a doc comment. `npm run docs:reference` asks that of members too. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../support/pages.ts";

it.each(["src/index.ts", "src/interop.ts"])("every export of %s has a doc comment", (entry) => {
  const bare = declarations(entry).filter(({ file, name }) => !isDocumented(file, name));
  expect(bare.map(({ file, name }) => `${name} (${file})`)).toEqual([]);
});

/** Each exported name, with the file that declares it. */
function declarations(entry: string): { file: string; name: string }[] {
  const source = readFileSync(join(ROOT, entry), "utf8");
  const passedOn = [...source.matchAll(/export (?:type )?\{([^}]*)\} from "([^"]+)"/g)].flatMap(([, names, from]) =>
    names
      .split(",")
      .map((name) => name.replace(/\btype\b/, "").trim())
      .filter(Boolean)
      .map((name) => ({ file: join(dirname(entry), from), name })),
  );
  const own = [...source.matchAll(/^export (?:async )?(?:const|function|class|interface|type) (\w+)/gm)];
  const all = [...passedOn, ...own.map(([, name]) => ({ file: entry, name }))];
  expect(all.length).toBeGreaterThan(4);
  return all;
}

function isDocumented(file: string, name: string): boolean {
  const source = readFileSync(join(ROOT, file), "utf8");
  const declared = new RegExp(
    `^export (?:abstract )?(?:async )?(?:const|function|class|interface|type) ${name}\\b`,
    "m",
  );
  const at = source.search(declared);
  if (at < 0) throw new Error(`${file} does not declare ${name}`);
  return source.slice(0, at).trimEnd().endsWith("*/");
}
