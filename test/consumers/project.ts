// A project of a user's: the packed package installed into a temporary folder, and the programs of project/ beside it.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute, root } from "../runtimes/execute.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const MS = 120_000;

/** Of this folder's own packages, and of the root's. They are linked: what they need they find where they are. */
const BUNDLERS: readonly (readonly [from: string, names: readonly string[]])[] = [
  [
    here("node_modules"),
    [
      "webpack",
      "rollup",
      "@rollup/plugin-node-resolve",
      "@web/rollup-plugin-import-meta-assets",
      "vite7",
      "typescript5",
    ],
  ],
  [`${root}node_modules`, ["vite", "esbuild", "typescript"]],
];

async function npm(...args: string[]): Promise<string> {
  const { code, output } = await execute("npm", args, MS, false);
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${output}`);
  return output;
}

export class Project {
  readonly folder: string;
  private readonly servers: ChildProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Project> {
    const project = new Project(mkdtempSync(join(tmpdir(), "simdconv-consumers-")));
    const { folder } = project;
    try {
      await npm("ci", "--prefix", here("."), "--no-audit");
      await npm("pack", "--silent", "--pack-destination", folder);
      const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
      writeFileSync(join(folder, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
      await npm("install", "--prefix", folder, "--no-audit", "--no-fund", "--prefer-offline", join(folder, tarball));
      cpSync(here("project"), folder, { recursive: true });
      for (const [from, names] of BUNDLERS) for (const name of names) project.link(join(from, name), name);
      return project;
    } catch (error) {
      project.remove();
      throw error;
    }
  }

  private link(target: string, name: string): void {
    const path = join(this.folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, "junction");
  }

  /** Start a server, `node` with these arguments, which says where it is. */
  listen(cwd: string, args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    this.servers.push(child);
    return new Promise((resolve, reject) => {
      let output = "";
      const listen = (data: Buffer) => {
        output += data;
        const address = /^at (\S+)$/m.exec(output)?.[1];
        if (address) resolve(address);
      };
      child.stdout.on("data", listen);
      child.stderr.on("data", listen);
      child.on("close", () => reject(new Error(`it ended: ${output}`)));
    });
  }

  remove(): void {
    for (const server of this.servers) server.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
