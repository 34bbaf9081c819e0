#!/usr/bin/env node
// Looks enough like the native `solc` for forge (`--version`, `--standard-json`), on top of the npm package. Without it
// forge would try to download a compiler.
const fs = require('fs');
const path = require('path');
const solc = require('solc');

const argv = process.argv.slice(2);
if (argv.includes('--version')) {
  const version = solc.version().replace('Emscripten.clang', 'Linux.g++');
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else if (argv.includes('--standard-json')) {
  const isBase = i => argv[i] === '--base-path' || argv[i] === '--include-path';
  const bases = argv.flatMap((_, i) => (isBase(i) ? [argv[i + 1]] : [])).concat('.');
  const read = name => {
    const file = bases.map(base => path.resolve(base, name)).find(f => fs.existsSync(f));
    return file ? { contents: fs.readFileSync(file, 'utf8') } : { error: `File not found: ${name}` };
  };
  process.stdout.write(solc.compile(fs.readFileSync(0, 'utf8'), { import: read }));
} else {
  console.error(`solc-shim: unsupported arguments: ${argv.join(' ')}`);
  process.exitCode = 1;
}
