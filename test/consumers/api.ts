// The public types as text: what index.d.ts exports, and the interfaces and types which that names, each as it was declared.
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import type * as TypeScript from "typescript5";

// The compiler of TypeScript 7 has no such interface yet.
const ts = createRequire(import.meta.url)("typescript5") as typeof TypeScript;

export function describeApi(entry: string): string {
  const options = { module: ts.ModuleKind.NodeNext, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], strict: true };
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const within = resolve(dirname(entry));
  const root = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  const found = new Set<TypeScript.Symbol>();

  /** A symbol of ours, and what its declaration names; classes that are not exported stay out, as hidden things do. */
  const take = (symbol: TypeScript.Symbol, exported: boolean) => {
    const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const declarations = original.declarations?.filter((node) =>
      resolve(node.getSourceFile().fileName).startsWith(within),
    );
    if (!declarations?.length || found.has(original)) return;
    if (!exported && !(original.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))) return;
    found.add(original);
    const visit = (node: TypeScript.Node): void => {
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const name = checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression);
        if (name) take(name, false);
      }
      node.forEachChild(visit);
    };
    declarations.forEach(visit);
  };
  const exports = checker.getExportsOfModule(root);
  for (const symbol of exports) take(symbol, true);

  const printer = ts.createPrinter({ removeComments: true });
  const print = (node: TypeScript.Node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
  const text = (symbol: TypeScript.Symbol) => symbol.declarations!.map(print).join("\n");
  const names = exports.map(({ name }) => name).sort();
  const texts = [...found].map(text).sort();
  return `${names.join("\n")}\n\n${texts.join("\n\n")}\n`;
}
