/** Build bundle.js and bundle.licences.txt from src/: `make page` runs this. */

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const PAGE = "../src/onion_pipeline/explanation/page";
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

const result = await build({
  entryPoints: ["src/main.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  charset: "ascii",
  legalComments: "none",
  banner: { js: `/* Sources: sha256 ${hashSources()}. Licences: bundle.licences.txt */` },
  metafile: true,
  outfile: `${PAGE}/bundle.js`,
});
writeFileSync(`${PAGE}/bundle.licences.txt`, listLicences(Object.keys(result.metafile.inputs)));

/** Hash what the bundle is made of, so that a test sees one that is out of date. */
function hashSources() {
  const hash = createHash("sha256");
  const sources = readdirSync("src", { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .sort();
  for (const name of [...sources.map((source) => `src/${source}`), "package-lock.json"]) {
    hash.update(readFileSync(name));
  }
  return hash.digest("hex");
}

function listLicences(inputs) {
  const packages = new Set(inputs.flatMap((input) => input.match(/^node_modules\/[^/]+/) ?? []));
  const notes = [...packages].sort().map((folder) => {
    const { version, license } = lock.packages[folder];
    const text = readFileSync(`${folder}/LICENSE`, "utf8").trim();
    return `${folder.replace("node_modules/", "")} ${version} (${license})\n\n${text}\n`;
  });
  const head =
    "bundle.js holds the sources of src/, under the licence of this project, and parts of:\n\n";
  return head + notes.join(`\n${"-".repeat(78)}\n\n`);
}
