/**
 * `using` and `await using` where the runtime has no symbols for them (JavaScriptCore): a method whose name was to be one is called
 * "undefined" there, and compilers of `using` look for a registered symbol.
 */
export function nameDisposal({ prototype }: { readonly prototype: object }, name: "dispose" | "asyncDispose"): void {
  if (Symbol[name]) return;
  const methods = prototype as Record<PropertyKey, unknown>;
  methods[Symbol.for(`Symbol.${name}`)] = methods.undefined;
  delete methods.undefined;
}
